import { fromBinary, isFieldSet } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import * as tensorflow from '@servable/protos/tensorflow';
import { invalidRequest } from '../elements.js';

export { FieldDescriptorProto_Type as FieldKind };

/** One field of a message. */
export interface FieldType {
  readonly name: string;
  /** With the message or package around it. */
  readonly fullName: string;
  readonly number: number;
  readonly kind: FieldDescriptorProto_Type;
  readonly isRepeated: boolean;
  readonly isRequired: boolean;
  /** Whether its values stand together. */
  readonly isPacked: boolean;
  /** Whether it tells zero and nothing apart. */
  readonly hasPresence: boolean;
  /** Whether its strings must be UTF-8. */
  readonly isUtf8: boolean;
  /** As the schema writes it; empty when there is none. */
  readonly defaultText: string;
  readonly oneof: string | undefined;
  /** The message or enum that it holds. */
  readonly typeName: string;
}

export interface MessageType {
  readonly name: string;
  /** By number, with all extensions that are known. */
  readonly fields: Map<number, FieldType>;
  readonly byName: Map<string, FieldType>;
  readonly extensions: Map<string, FieldType>;
}

export interface EnumType {
  readonly values: ReadonlyMap<string, number>;
  readonly first: number;
  /** Whether other numbers than these are unknown fields. */
  readonly isClosed: boolean;
}

const isPackable = (kind: FieldDescriptorProto_Type) =>
  kind !== FieldDescriptorProto_Type.STRING &&
  kind !== FieldDescriptorProto_Type.BYTES &&
  kind !== FieldDescriptorProto_Type.MESSAGE &&
  kind !== FieldDescriptorProto_Type.GROUP;

/** Types of messages by their full names. */
export class DescriptorPool {
  readonly messages = new Map<string, MessageType>();
  readonly enums = new Map<string, EnumType>();

  constructor(files: Iterable<FileDescriptorProto>) {
    const extensions: (readonly [FieldDescriptorProto, string, boolean])[] = [];
    for (const file of files) {
      const isProto2 = file.syntax === '' || file.syntax === 'proto2';
      for (const message of file.messageType) this.addMessage(message, file.package, isProto2, extensions);
      for (const type of file.enumType) this.addEnum(type, file.package, isProto2);
      for (const field of file.extension) extensions.push([field, file.package, isProto2]);
    }
    for (const [field, scope, isProto2] of extensions) {
      const type = fieldType(field, scope, isProto2, []);
      const message = this.messages.get(withoutDot(field.extendee));
      message?.fields.set(type.number, type);
      message?.extensions.set(type.fullName, type);
    }
  }

  private addMessage(
    message: DescriptorProto,
    scope: string,
    isProto2: boolean,
    extensions: (readonly [FieldDescriptorProto, string, boolean])[],
  ): void {
    const name = inScope(scope, message.name);
    const oneofs = message.oneofDecl.map((oneof) => oneof.name);
    const fields = message.field.map((field) => fieldType(field, name, isProto2, oneofs));
    this.messages.set(name, {
      name,
      fields: new Map(fields.map((field) => [field.number, field])),
      byName: new Map(fields.map((field) => [field.name, field])),
      extensions: new Map(),
    });
    for (const nested of message.nestedType) this.addMessage(nested, name, isProto2, extensions);
    for (const type of message.enumType) this.addEnum(type, name, isProto2);
    for (const field of message.extension) extensions.push([field, name, isProto2]);
  }

  private addEnum(type: EnumDescriptorProto, scope: string, isClosed: boolean): void {
    const values = new Map(type.value.map(({ name, number }) => [name, number]));
    this.enums.set(inScope(scope, type.name), { values, first: type.value[0]?.number ?? 0, isClosed });
  }

  /** The message that a field holds. */
  messageOf(field: FieldType): MessageType {
    const type = this.messages.get(field.typeName);
    if (type !== undefined) return type;
    throw invalidRequest(
      'BAD_DESCRIPTORS',
      `Field ${field.fullName} holds '${field.typeName}': expected a message that the descriptors define`,
    );
  }
}

const inScope = (scope: string, name: string) => (scope === '' ? name : `${scope}.${name}`);
const withoutDot = (name: string) => name.replace(/^\./, '');

function fieldType(
  field: FieldDescriptorProto,
  scope: string,
  isProto2: boolean,
  oneofs: readonly string[],
): FieldType {
  const isRepeated = field.label === FieldDescriptorProto_Label.REPEATED;
  const isInOneof = isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
  const isMessage = field.type === FieldDescriptorProto_Type.MESSAGE || field.type === FieldDescriptorProto_Type.GROUP;
  const said =
    field.options && isFieldSet(field.options, FieldOptionsSchema.field.packed) ? field.options.packed : undefined;
  return {
    name: field.name,
    fullName: inScope(scope, field.name),
    number: field.number,
    kind: field.type,
    isRepeated,
    isRequired: field.label === FieldDescriptorProto_Label.REQUIRED,
    isPacked: isRepeated && isPackable(field.type) && (said ?? !isProto2),
    hasPresence: isProto2 || isMessage || isInOneof || field.extendee !== '',
    isUtf8: !isProto2 && field.type === FieldDescriptorProto_Type.STRING,
    defaultText: field.defaultValue,
    // What proto3 calls optional is a oneof of one field.
    oneof: isInOneof && !field.proto3Optional ? oneofs[field.oneofIndex] : undefined,
    typeName: withoutDot(field.typeName),
  };
}

/** A pool of the messages in a serialized FileDescriptorSet. @throws SavedModelError INVALID_ARGUMENT for other bytes */
export function poolFromBytes(bytes: Uint8Array, source: string): DescriptorPool {
  try {
    return new DescriptorPool(fromBinary(FileDescriptorSetSchema, bytes).file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalidRequest('BAD_DESCRIPTORS', `descriptor_source contains invalid FileDescriptorSet: ${source} (${why})`);
  }
}

let local: DescriptorPool | undefined;

/** The messages that TensorFlow itself is made of, such as `tensorflow.Example`. */
export function localPool(): DescriptorPool {
  if (local === undefined) {
    const files = new Set<FileDescriptorProto>();
    for (const exported of Object.values(tensorflow) as unknown[]) {
      const desc = exported as { readonly kind?: string; readonly file?: { readonly proto: FileDescriptorProto } };
      if (desc.kind === 'message' && desc.file !== undefined) files.add(desc.file.proto);
    }
    local = new DescriptorPool(files);
  }
  return local;
}
