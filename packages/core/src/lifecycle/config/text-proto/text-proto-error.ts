import { ServingError } from '../../../servable/serving-error.js';

/** A place in a text, counted from 1; a tab goes on to the next multiple of 8, as protobuf counts. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * A text that is no message of the type that was asked for. The message is protobuf's line
 * `Error parsing text-format <type>: <line>:<column>: <what>`, with the key at the end.
 */
export class TextProtoError extends ServingError implements TextPosition {
  readonly line: number;
  readonly column: number;
  /** The field that is to blame: `model_config_list.config[1].base_path`; empty at the top. */
  readonly key: string;

  constructor(typeName: string, { line, column }: TextPosition, what: string, key: string) {
    const where = key === '' ? '' : ` (in ${key})`;
    super(
      'INVALID_ARGUMENT',
      'TEXT_PROTO_INVALID',
      `Error parsing text-format ${typeName}: ${line}:${column}: ${what}${where}`,
    );
    this.line = line;
    this.column = column;
    this.key = key;
  }
}
