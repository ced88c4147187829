import { create, type DescFile, type DescService, type MessageInitShape } from '@bufbuild/protobuf';
import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { v1 } from '@servable/protos/reflection';
import { ServingError, statusCodeNumber } from '../../servable/serving-error.js';
import type { InFlight } from '../execution/in-flight.js';
import { DescriptorIndex } from './descriptor-index.js';
import { grpcStatus } from './grpc-status.js';
import { decodeMessage, encodeMessage } from './message-codec.js';

type ReflectionStream = ServerDuplexStream<Buffer, Uint8Array>;
type Answer = NonNullable<
  Exclude<MessageInitShape<typeof v1.ServerReflectionResponseSchema>, v1.ServerReflectionResponse>['messageResponse']
>;

/**
 * The handlers of `grpc.reflection.v1.ServerReflection`, and of `v1alpha`, which has the same messages: what grpcurl and
 * other generic clients learn the services from. Upstream links gRPC's own plugin for it (model_servers/server.cc).
 *
 * Streams do not count as requests in flight; they end when the server drains.
 *
 * @param services - what the server answers, reflection itself included
 */
export function reflectionService(
  services: readonly DescService[],
  inFlight: Pick<InFlight, 'onDrain'>,
): UntypedServiceImplementation {
  const names = services.map(({ typeName }) => typeName).sort();
  const index = new DescriptorIndex(services);
  return {
    serverReflectionInfo: (call: ReflectionStream) => {
      const sent = new Set<DescFile>();
      call.on('data', (bytes: Buffer) => {
        try {
          const request = decodeMessage(v1.ServerReflectionRequestSchema, bytes);
          const messageResponse = answer(index, names, request, sent);
          const response = { validHost: request.host, originalRequest: request, messageResponse };
          call.write(
            encodeMessage(v1.ServerReflectionResponseSchema, create(v1.ServerReflectionResponseSchema, response)),
          );
        } catch (error) {
          call.emit('error', grpcStatus(error));
        }
      });
      const end = (): void => void call.end();
      const forget = inFlight.onDrain(end);
      call.once('cancelled', forget);
      call.once('end', end);
    },
  };
}

function answer(
  index: DescriptorIndex,
  services: readonly string[],
  { messageRequest }: v1.ServerReflectionRequest,
  sent: Set<DescFile>,
): Answer {
  switch (messageRequest.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(index, index.file(messageRequest.value), `File not found: ${messageRequest.value}`, sent);
    case 'fileContainingSymbol':
      return files(index, index.fileOfSymbol(messageRequest.value), `Symbol not found: ${messageRequest.value}`, sent);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      return notFound(`Extension not found: ${extensionNumber} of ${containingType}`);
    }
    case 'allExtensionNumbersOfType':
      return index.hasMessage(messageRequest.value)
        ? { case: 'allExtensionNumbersResponse', value: { baseTypeName: messageRequest.value, extensionNumber: [] } }
        : notFound(`Type not found: ${messageRequest.value}`);
    default:
      throw new ServingError('INVALID_ARGUMENT', 'REFLECTION_REQUEST_EMPTY', 'The reflection request asks for nothing');
  }
}

/** The file and all that it imports; files that the stream has had already are left out, but for the file itself. */
function files(index: DescriptorIndex, file: DescFile | undefined, failure: string, sent: Set<DescFile>): Answer {
  if (file === undefined) return notFound(failure);
  const wanted: DescFile[] = [file];
  sent.add(file);
  for (const each of wanted) {
    for (const dependency of each.dependencies) {
      if (sent.has(dependency)) continue;
      sent.add(dependency);
      wanted.push(dependency);
    }
  }
  return {
    case: 'fileDescriptorResponse',
    value: { fileDescriptorProto: wanted.map((each) => index.bytes(each)) },
  };
}

function notFound(errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode: statusCodeNumber.NOT_FOUND, errorMessage } };
}
