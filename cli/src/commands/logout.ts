import { isPaksError } from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { originOf } from "./token-notes.ts";

export const logout = defineCommand({
  command: "logout",
  describe: "Forget the registry's token on this machine",
  examples: [
    ["paks logout", "forget it here"],
    ["paks logout --revoke", "make it worthless everywhere, too"],
  ],
  builder: (yargs) =>
    yargs.option("revoke", { type: "boolean", default: false, describe: "Also make the token worthless everywhere" }),
  run: async (args, context) => {
    const origin = originOf(context);
    const revoked = args.revoke ? await revoke(context) : false;
    const removed = await context.credentials.deleteToken(origin);
    const { environmentToken } = context.config;
    if (environmentToken?.origins.includes(origin)) {
      context.warn(`${environmentToken.variable} is still set and will be used.`);
    }
    const done = removed ? `✓ Logged out of ${origin}` : `You were not logged in to ${origin}.`;
    return {
      data: { registry: context.config.registry.url, removed, revoked },
      text: revoked ? `${done}\n✓ The token is revoked.` : done,
    };
  },
});

/** True when it was good until now. One that the registry does not know any more is as gone as it can be. */
async function revoke(context: Context): Promise<boolean> {
  try {
    await context.registry().revoke();
    return true;
  } catch (error) {
    if (isPaksError(error, "INVALID_TOKEN") || isPaksError(error, "TOKEN_EXPIRED")) return false;
    throw error;
  }
}
