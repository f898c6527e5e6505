import { PaksError } from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { accountName, originOf, tokenData, warnAboutToken } from "./token-notes.ts";

export const login = defineCommand({
  command: "login",
  describe: "Check a token with the registry and keep it in the keychain",
  examples: [
    ["paks login", "ask for the token without showing it"],
    ["pass show paks | paks login --token-stdin", "take it from a program"],
  ],
  builder: (yargs) =>
    yargs
      .option("token", {
        type: "string",
        requiresArg: true,
        conflicts: "token-stdin",
        describe: "The token; it stays in the shell's history",
      })
      .option("token-stdin", { type: "boolean", default: undefined, describe: "Read the token from stdin" }),
  run: async (args, context) => {
    const origin = originOf(context);
    const token = await readToken(context, { given: args.token, fromStdin: args.tokenStdin === true });
    // Nothing is kept before the registry has accepted it.
    const me = await context.progress("Checking the token", async () => await context.registry(token).me());
    const { source } = await context.credentials.storeToken(origin, token);
    warnAboutToken(context, token, me.token.expires_at);
    warnAboutEnvironment(context, origin);
    return {
      data: { account: me.account, registry: context.config.registry.url, stored: source, token: tokenData(me) },
      text: `✓ Logged in to ${origin} as ${safe(accountName(me))}\n  The token is in ${safe(source)}.`,
    };
  },
});

async function readToken(
  context: Context,
  { given, fromStdin }: { given: string | undefined; fromStdin: boolean },
): Promise<string> {
  if (given !== undefined) {
    context.warn("the token is now in your shell's history and was visible to other users; --token-stdin avoids that.");
    return requireToken(given);
  }
  if (fromStdin) return requireToken(await context.readInput());
  const message = `Token for ${context.config.registry.url}`;
  return requireToken(await context.prompts.password({ message, instead: "paks login --token-stdin" }));
}

function requireToken(text: string): string {
  const token = text.trim();
  if (token !== "") return token;
  throw new PaksError("USAGE", "The token is empty.", { hint: "Paste the token that the registry showed you." });
}

function warnAboutEnvironment({ config, warn }: Context, origin: string): void {
  if (!config.environmentToken?.origins.includes(origin)) return;
  warn(`${config.environmentToken.variable} is set and goes before the token you just stored.`);
}
