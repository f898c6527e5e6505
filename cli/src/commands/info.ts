import {
  type PakDto,
  type PakRef,
  PaksError,
  type ReleaseDto,
  type VersionDto,
  formatPakId,
  parsePakRef,
} from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { formatPairs, formatTable } from "../output/table.ts";

export const info = defineCommand({
  command: "info <ref>",
  aliases: ["show", "view"],
  describe: "Show what the registry knows about a pak",
  examples: [
    ["paks info acme/pdf", "the pak and its newest release"],
    ["paks info acme/pdf@1.2.0", "one release"],
    ["paks info acme/pdf --versions", "all releases"],
  ],
  builder: (yargs) =>
    yargs
      .positional("ref", {
        type: "string",
        demandOption: true,
        describe: "account/name, with @version, @range or @channel",
      })
      .option("versions", { type: "boolean", default: false, describe: "List every release, with its changelog" }),
  run: async (args, context) => {
    const ref = parsePakRef(args.ref);
    const { pak, release, versions } = await context.progress("Asking the registry", async () => ({
      pak: await requirePak(context, ref),
      release: ref.selector === undefined ? undefined : await requireRelease(context, ref, ref.selector),
      versions: args.versions ? await context.registry().listVersions(ref) : undefined,
    }));
    const shown = release ?? pak.latest;
    return {
      data: { pak, release: shown, ...(versions === undefined ? {} : { versions }) },
      text: [textOfPak(pak, shown), ...(versions === undefined ? [] : ["", textOfVersions(versions)])].join("\n"),
    };
  },
});

async function requirePak(context: Context, ref: PakRef): Promise<PakDto> {
  const pak = await context.registry().findPak(ref);
  if (pak !== undefined) return pak;
  throw new PaksError("PAK_NOT_FOUND", `${context.config.registry.url} has no pak ${formatPakId(ref)}.`, {
    hint: `Look for it: paks search ${ref.name}`,
  });
}

async function requireRelease(context: Context, ref: PakRef, selector: string): Promise<ReleaseDto> {
  const release = await context.registry().findRelease(ref, selector);
  if (release !== undefined) return release;
  throw new PaksError("VERSION_NOT_FOUND", `No release of ${formatPakId(ref)} fits ${selector}.`, {
    hint: `List them: paks info ${formatPakId(ref)} --versions`,
  });
}

function textOfPak(pak: PakDto, release: ReleaseDto): string {
  const channels = Object.entries(pak.channels).map(([channel, version]) => `${channel} ${version}`);
  return [
    `${formatPakId(pak)} ${safe(release.version)}${release.yanked ? " (yanked)" : ""}`,
    safe(pak.description),
    "",
    formatPairs([
      ["kind", pak.kind],
      ["license", pak.license ?? undefined],
      ["homepage", pak.homepage ?? undefined],
      ["keywords", pak.keywords.join(", ")],
      ["categories", pak.categories.join(", ")],
      ["channels", channels.join(", ")],
      ["downloads", String(pak.downloads)],
      ["repository", release.path === "" ? release.repository : `${release.repository} (${release.path})`],
      ["tag", release.tag],
      ["commit", release.commit],
      ["released", release.released_at],
      ["evidence", release.evidence],
      ["digest", release.digest],
      ["files", `${release.file_count} (${release.total_bytes} bytes)`],
      ["warnings", release.warnings.length > 0 ? release.warnings.map((one) => one.message).join("; ") : undefined],
    ]),
  ].join("\n");
}

const textOfVersions = (versions: readonly VersionDto[]): string =>
  [
    formatTable(
      ["VERSION", "RELEASED", "TAG", "DIGEST"],
      versions.map((one) => [nameOf(one), one.released_at, one.tag, one.digest]),
    ),
    ...versions.flatMap(textOfChangelog),
  ].join("\n");

const nameOf = ({ version, yanked }: VersionDto): string => (yanked ? `${version} (yanked)` : version);

function textOfChangelog(release: VersionDto): string[] {
  if (!release.changelog) return [];
  const lines = release.changelog
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${safe(line, { multiline: true })}`));
  return ["", `${safe(nameOf(release))}:`, ...lines];
}
