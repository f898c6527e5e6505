import { parseTokenScope, PaksError } from "@paks/schema";
import type { Argv, CommandModule } from "yargs";
import type { Admin } from "../admin/admin.ts";
import type { CommandIo } from "../command-io.ts";

interface Common {
  readonly json: boolean;
  readonly token?: string | undefined;
}

/** What a command did: for machines and for people. */
interface Result {
  readonly data: object;
  readonly text: string;
}

async function carryOut(io: CommandIo, args: Common, work: (admin: Admin) => Promise<Result>): Promise<void> {
  const config = io.readConfig();
  const { openAdmin } = await import("../admin/open-admin.ts");
  const admin = await openAdmin(config, args.token ?? config.adminToken);
  try {
    const { data, text } = await work(admin);
    io.print(args.json ? JSON.stringify(data) : text);
  } finally {
    await admin.close();
  }
}

const group = (
  name: string,
  describe: string | false,
  commands: readonly CommandModule<object, never>[],
): CommandModule<object, never> => ({
  command: name,
  describe,
  builder: (yargs) => {
    for (const command of commands) yargs.command(command);
    yargs.option("token", {
      type: "string",
      requiresArg: true,
      describe: "Admin token for a registry that runs and holds the database; else PAKS_ADMIN_TOKEN",
    });
    return yargs.demandCommand(1, `Name a command of ${name}.`) as Argv<never>;
  },
  handler: () => undefined,
});

const required = (describe: string) => ({ type: "string", demandOption: true, requiresArg: true, describe }) as const;

const addAccount = (io: CommandIo): CommandModule<object, Common & { name: string }> => ({
  command: "add <name>",
  describe: "Make an account",
  builder: (yargs) =>
    yargs.positional("name", { type: "string", demandOption: true, describe: "1 to 39 of a–z, 0–9, -" }) as Argv<
      Common & { name: string }
    >,
  handler: (args) =>
    carryOut(io, args, async (admin) => {
      const data = await admin.createAccount({ name: args.name });
      return { data, text: `Made the account ${data.name}.` };
    }),
});

interface TokenArgs extends Common {
  readonly account: string | undefined;
  readonly name: string;
  readonly scope: string[];
  readonly "expires-in-days": string;
}

function readDays(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new PaksError("USAGE", "--expires-in-days must be a whole number of days.");
}

const createToken = (io: CommandIo): CommandModule<object, TokenArgs> => ({
  command: "create",
  describe: "Make a token; it is shown once",
  builder: (yargs) =>
    yargs
      .option("account", {
        type: "string",
        requiresArg: true,
        describe: "Whose token; without one, the registry's own (scope admin)",
      })
      .option("name", {
        type: "string",
        requiresArg: true,
        default: "made by the operator",
        describe: "To tell it apart",
      })
      .option("scope", {
        type: "string",
        array: true,
        requiresArg: true,
        default: ["publish"],
        describe: "publish, yank, review (each also as publish:acme/* or publish:acme/pdf), admin; may be repeated",
      })
      .option("expires-in-days", {
        type: "string",
        requiresArg: true,
        default: "90",
        describe: "1 to 366",
      }) as Argv<TokenArgs>,
  handler: (args) =>
    carryOut(io, args, async (admin) => {
      const { account, name } = args;
      const scope = args.scope.map(parseTokenScope);
      const data = await admin.createToken({
        name,
        ...(account === undefined ? {} : { account }),
        scopes: scope,
        expires_in_days: readDays(args["expires-in-days"]),
      });
      return { data, text: `${data.token}\nShown this once; it expires ${data.expires_at ?? "never"}.` };
    }),
});

const createSecret = (io: CommandIo): CommandModule<object, Common & { account: string; repository: string }> => ({
  command: "secret",
  describe: "Make the secret of a repository's webhook; it is shown once",
  builder: (yargs) =>
    yargs
      .option("account", required("Whose releases the webhook announces"))
      .option("repository", required("The repository's URL")) as Argv<Common & { account: string; repository: string }>,
  handler: (args) =>
    carryOut(io, args, async (admin) => {
      const data = await admin.createWebhookSecret({ account: args.account, repository: args.repository });
      return { data, text: `Secret, shown this once: ${data.secret}\nPayload URL: ${data.url}` };
    }),
});

/** The operator's commands; `accounts` also without `admin` in front, as it was called first, which no help shows. */
export function adminCommands(io: CommandIo): CommandModule<object, never>[] {
  const accounts = (describe: string | false) =>
    group("accounts", describe, [addAccount(io) as CommandModule<object, never>]);
  const admin = group("admin", "The operator's commands", [
    accounts("Accounts"),
    group("tokens", "Tokens", [createToken(io) as CommandModule<object, never>]),
    group("hooks", "Webhooks", [createSecret(io) as CommandModule<object, never>]),
  ]);
  return [admin, accounts(false)];
}
