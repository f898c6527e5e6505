import { type AttemptDto, errorCodes, formatPakId, isErrorCode, PaksError, parseSource } from "@paks/schema";
import * as z from "zod/mini";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { formatRepositoryAddress } from "../publish/repository-address.ts";
import type { Registry } from "../registry.ts";
import { placeOfDetails } from "./attempt-text.ts";
import { readOwnAddress } from "./own-address.ts";
import { listRegistriesOf } from "./own-registries.ts";

export const whyNot = defineCommand({
  command: "why-not <repository> <tag> [path]",
  describe: "Ask the registry why a tag is not released, or whether it would be",
  examples: [
    ["paks why-not . v1.2.0", "a tag of the repository you are in, pushed already"],
    ["paks why-not acme/pdf v1.2.0", "a tag of the repository that a pak is released from"],
    ["paks why-not https://github.com/acme/skills pdf--v1.2.0 skills/pdf", "a tag and a folder of any repository"],
  ],
  builder: (yargs) =>
    yargs
      .positional("repository", {
        type: "string",
        demandOption: true,
        describe: 'A repository\'s address, account/name, or "."',
      })
      .positional("tag", { type: "string", demandOption: true, describe: "The tag, as it is called on the remote" })
      .positional("path", { type: "string", describe: "The pak's folder, when the tag does not say it" }),
  run: async ({ repository: of, tag, path }, context) => {
    const { repository, registry } = await findRepository(context, of, tag);
    const attempt = await context.progress("Asking the registry", async (step) => {
      const asked = await registry.askWhyNot({ repository, tag, ...(path === undefined ? {} : { path }) });
      return await registry.followAttempt(asked.id, {
        onChange: ({ state, stage }) => step(`The registry: ${stage ?? state}`),
      });
    });
    const exit = exitOf(attempt);
    return { data: attempt, text: textOf(attempt), exit };
  },
});

interface Asked {
  readonly repository: string;
  readonly registry: Registry;
}

/** @throws PaksError PAK_NOT_FOUND, NOT_A_REPOSITORY, NO_REMOTE, INVALID_REPOSITORY_URL … */
async function findRepository(context: Context, text: string, tag: string): Promise<Asked> {
  const inside = async (repository: string, own: boolean): Promise<Asked> => {
    const [registry = context.registry()] = await listRegistriesOf(context, repository, { own, tag });
    return { repository, registry };
  };
  if (text === ".") return await inside(await readOwnAddress(context), true);
  const source = parseSource(text);
  if (source.type === "git") return await inside(formatRepositoryAddress(source.url, context.cwd), false);
  if (source.type === "local") return await inside(formatRepositoryAddress(source.path, context.cwd), false);
  if (source.type === "npm")
    throw new PaksError("INVALID_PARAMETER", "An npm package has no tags.", { hint: "Name its git repository." });
  const registry = context.registryFor(source.account);
  const pak = await registry.findPak(source);
  if (pak?.repository) return { repository: pak.repository, registry };
  throw new PaksError("PAK_NOT_FOUND", `${registry.url} has no pak ${formatPakId(source)}.`, {
    hint: "Name the repository's address instead.",
  });
}

/** @throws PaksError REGISTRY_UNAVAILABLE when there is no answer yet */
function exitOf({ state, code, id }: AttemptDto): number {
  if (state === "releasable") return 0;
  if (state === "queued" || state === "running") {
    throw new PaksError("REGISTRY_UNAVAILABLE", "The registry has not answered in time.", {
      hint: "Ask again later: the same question is answered once.",
      details: { attempt: id },
    });
  }
  return errorCodes[code !== null && isErrorCode(code) ? code : "INTERNAL"].exit;
}

const Verdict = z.looseObject({
  account: z.string(),
  name: z.string(),
  version: z.string(),
  stage: z.nullable(z.string()),
  code: z.nullable(z.string()),
  message: z.nullable(z.string()),
  hint: z.nullable(z.string()),
});

type Told = Pick<AttemptDto, "stage" | "code" | "message" | "hint">;

function textOf(attempt: AttemptDto): string {
  const { tag, state, releases } = attempt;
  if (state === "releasable") {
    return releases
      .map(({ account, name, version, digest, new: isNew }) => {
        const what = isNew ? "would be released" : "is released already, with this content";
        return `✓ ${safe(`${account}/${name}@${version}`)} ${what}  ${safe(digest)}`;
      })
      .join("\n");
  }
  const paks = z.array(Verdict).safeParse(attempt.details?.["paks"]);
  if (!paks.success || paks.data.length === 0) return textOfRefusal(tag, attempt, placeOfDetails(attempt));
  const place = (code: string | null) => (code === attempt.code ? placeOfDetails(attempt) : undefined);
  return paks.data
    .map((pak) => {
      const id = `${pak.account}/${pak.name}@${pak.version}`;
      if (pak.code === null) return `⚠ ${safe(id)} is fine, but a tag releases all of its paks or none`;
      return textOfRefusal(id, pak, paks.data.length === 1 ? place(pak.code) : undefined);
    })
    .join("\n");
}

function textOfRefusal(what: string, { stage, code, message, hint }: Told, place: string | undefined): string {
  const lines = [`✗ ${safe(what)}  refused at ${safe(stage ?? "the start")} [${safe(code ?? "INTERNAL")}]`];
  if (message !== null) lines.push(`  ${safe(message)}`);
  if (place !== undefined) lines.push(`  at ${safe(place)}`);
  if (hint !== null) lines.push(`  hint: ${safe(hint)}`);
  return lines.join("\n");
}
