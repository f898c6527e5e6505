export { createApp } from "./app.ts";
export type { ApiDeps, App, AppEnv, LogEvent } from "./deps.ts";
export { parseTrustedProxies } from "./addresses.ts";
export { openapiDocument } from "./openapi-document.ts";
export { defaultRateLimits } from "./rate-limits.ts";
export { formatToken, requireTokenScopes } from "./tokens.ts";
