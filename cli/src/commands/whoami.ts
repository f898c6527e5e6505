import { defineCommand } from "../command.ts";
import { formatPairs } from "../output/table.ts";
import { noteOtherRegistry } from "../workspace/with-registry-wish.ts";
import { accountName, originOf, tokenData, warnAboutToken } from "./token-notes.ts";

export const whoami = defineCommand({
  command: "whoami",
  describe: "Show the account, the token's rights and where the token comes from",
  examples: [["paks whoami --json", "for programs"]],
  builder: (yargs) => yargs,
  run: async (_args, context) => {
    await noteOtherRegistry(context);
    const me = await context.progress("Asking the registry", async () => await context.registry().me());
    const found = await context.credentials.findToken(originOf(context));
    if (found !== undefined) warnAboutToken(context, found.token, me.token.expires_at);
    const registry = context.config.registry.url;
    return {
      data: { account: me.account, registry, source: found?.source ?? null, token: tokenData(me) },
      text: formatPairs([
        ["account", accountName(me)],
        ["registry", registry],
        ["token", `${me.token.name} (${me.token.prefix}…)`],
        ["scopes", me.token.scopes.join(", ")],
        ["expires", me.token.expires_at ?? "never"],
        ["from", found?.source],
      ]),
    };
  },
});
