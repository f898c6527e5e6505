export { parseConfig, type ServerConfig } from "./config.ts";
export { type RunningRegistry, type Roles, roles, startRegistry, type ServerIo } from "./registry.ts";
