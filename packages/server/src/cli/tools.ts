import type { CliIo } from './cli-io.js';
import { compileTool } from './compile/compile.js';
import { doctorTool } from './doctor/doctor.js';
import { importTool } from './import/import.js';
import { inspectTool } from './inspect/inspect.js';
import { runModelTool } from './run/run.js';
import { runTool } from './tool.js';

/** Commands that do one thing and end, and how each is started. */
const tools = {
  inspect: { tool: inspectTool, start: (argv: readonly string[], io: CliIo) => runTool(inspectTool, argv, io) },
  run: { tool: runModelTool, start: (argv: readonly string[], io: CliIo) => runTool(runModelTool, argv, io) },
  compile: { tool: compileTool, start: (argv: readonly string[], io: CliIo) => runTool(compileTool, argv, io) },
  import: { tool: importTool, start: (argv: readonly string[], io: CliIo) => runTool(importTool, argv, io) },
  doctor: { tool: doctorTool, start: (argv: readonly string[], io: CliIo) => runTool(doctorTool, argv, io) },
} as const;

export const toolNames = Object.keys(tools) as readonly (keyof typeof tools)[];

/** Runs the command of that name; `undefined` when there is none. */
export async function runNamedTool(name: string, argv: readonly string[], io: CliIo): Promise<number | undefined> {
  return Object.hasOwn(tools, name) ? tools[name as keyof typeof tools].start(argv, io) : undefined;
}
