export { defaultRegistryUrl } from "./config.ts";
export { agentVariables } from "./agent-variables.ts";
export type { Command, CommandDefinition, CommonArgs, Result } from "./command.ts";
export { type CommandRow, commandTable } from "./commands/table.ts";
export { type CommonFlag, commonFlags } from "./common-flags.ts";
export type { Machine } from "./machine.ts";
export { main } from "./main.ts";
