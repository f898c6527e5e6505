import {
  type FileDto,
  type PakDto,
  type PakRef,
  PaksError,
  type ReleaseDto,
  type VersionDto,
  formatPakId,
  isPaksError,
  isTaken,
  parsePakRef,
  parseSource,
  withHint,
} from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import {
  type InstalledVersion,
  findInstalledVersions,
  placesText,
  statusData,
  statusText,
  withForeseen,
} from "../installed-versions.ts";
import { hintForUnknown } from "../near-name.ts";
import { heldBackText } from "../output/held-back.ts";
import { formatJson, safe } from "../output/safe-text.ts";
import { formatPairs, formatTable } from "../output/table.ts";
import { formatYaml } from "../output/yaml.ts";
import type { Registry } from "../registry.ts";
import type { HeldBack } from "../workspace/held-back.ts";
import { withRegistryWish } from "../workspace/with-registry-wish.ts";

export const info = defineCommand({
  command: "info <ref>",
  aliases: ["show", "view"],
  describe: "Show what the registry knows about a pak",
  examples: [
    ["paks info acme/pdf", "the pak and its newest release"],
    ["paks info acme/pdf@1.2.0 --files", "one release and its files"],
    ["paks info acme/pdf --versions", "all releases"],
    ["paks info acme/pdf --full", "everything, the manifest too"],
  ],
  builder: (yargs) =>
    yargs
      .positional("ref", {
        type: "string",
        demandOption: true,
        describe: "account/name, with @version, @range or @channel",
      })
      .option("version", { type: "string", describe: "The release with this version, range or channel" })
      .option("versions", { type: "boolean", default: false, describe: "List every release, with its changelog" })
      .option("files", { type: "boolean", default: false, describe: "List the release's files" })
      .option("full", { type: "boolean", default: false, describe: "Everything: manifest, warnings, files, releases" })
      .option("format", { choices: ["table", "json", "yaml"] as const, default: "table", describe: "How to show it" }),
  run: async (args, context) => {
    const ref = withVersion(await namingInstalled(context, args.ref, () => readRef(args.ref)), args.version);
    const { full } = args;
    const found = await context.progress(
      "Asking the registry",
      async () => await ask(context, ref, { versions: args.versions || full, files: args.files || full }),
    );
    const installed = statusData(found.installed, found.pak.latest.version);
    const data = { ...dataOf(found), installed, held_back: found.held ?? null };
    if (args.format === "json") return { data, text: formatJson(data) };
    if (args.format === "yaml") return { data, text: formatYaml(data) };
    return { data, text: textOf(found, full) };
  },
});

/** @throws PaksError USAGE for a source that no registry knows, and the codes of `parsePakRef` */
function readRef(text: string): PakRef {
  const isElsewhere = isTaken((one) => parseSource(one), text) && parseSource(text).type !== "registry";
  if (!isElsewhere) return parsePakRef(text);
  throw new PaksError(
    "USAGE",
    `info takes the name of a registry's pak, account/name; ${text.slice(0, 200)} is none.`,
    {
      hint: `See what it holds: paks install ${text} --list`,
    },
  );
}

/** `pdf-forms`, as its folder is called, is a slip for the name of what is installed there. */
async function namingInstalled<T>(context: Context, text: string, work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (!isPaksError(error, "INVALID_NAME")) throw error;
    const installed = await findInstalledVersions(context, context.registry().url);
    const meant = [...installed.keys()].filter((id) => id.endsWith(`/${text}`));
    if (meant.length === 0) throw error;
    const hint = `Did you mean ${meant.join(" or ")}, which is installed here?`;
    throw withHint(error, hint);
  }
}

function withVersion(ref: PakRef, version: string | undefined): PakRef {
  if (version === undefined) return ref;
  if (ref.selector === undefined) return parsePakRef(`${formatPakId(ref)}@${version}`);
  throw new PaksError("USAGE", "The version is named twice: behind @ and with --version.", {
    hint: `Give one of them: paks info ${formatPakId(ref)}@${version}`,
  });
}

interface Asked {
  readonly pak: PakDto;
  readonly release: ReleaseDto;
  readonly versions: readonly VersionDto[] | undefined;
  readonly files: readonly FileDto[] | undefined;
  readonly installed: readonly InstalledVersion[] | undefined;
  /** What keeps the newest away from this project, or from what is installed for all. */
  readonly held: HeldBack | undefined;
}

async function ask(context: Context, ref: PakRef, wanted: { versions: boolean; files: boolean }): Promise<Asked> {
  const asking = await withRegistryWish(context);
  const registry = asking.registryFor(ref.account);
  const pak = await requirePak(registry, ref);
  const release = ref.selector === undefined ? pak.latest : await requireRelease(registry, ref, ref.selector);
  const { installed, held } = await findStatus(asking, registry.url, pak);
  return {
    pak,
    release,
    installed,
    held,
    versions: wanted.versions ? await registry.listVersions(ref) : undefined,
    // By what was asked for: what the answer names itself is not asked for anything.
    files: wanted.files
      ? await registry.listFiles({ account: ref.account, name: ref.name, version: release.version })
      : undefined,
  };
}

/** Loaded only where there is something newer than what is installed. */
async function findStatus(context: Context, url: string, pak: PakDto): Promise<Pick<Asked, "installed" | "held">> {
  const installed = (await findInstalledVersions(context, url)).get(formatPakId(pak));
  const older = statusData(installed, pak.latest.version).filter(({ update }) => update);
  if (installed === undefined || older.length === 0 || context.config.offline) return { installed, held: undefined };
  const { foreseeOne } = await import("../life/foresee-update.ts");
  const isInProject = older.some(({ scope }) => scope === "project");
  const { taken, held } = await foreseeOne(context, pak, isInProject);
  const isBeyond = held === undefined && taken !== pak.latest.version;
  return { installed: taken === undefined ? installed : installed.map((one) => withForeseen(one, isBeyond)), held };
}

const dataOf = ({ pak, release, versions, files }: Asked) => ({
  pak,
  release,
  ...(versions === undefined ? {} : { versions }),
  ...(files === undefined ? {} : { files }),
});

function textOf({ pak, release, versions, files, installed, held }: Asked, full: boolean): string {
  const status =
    held === undefined
      ? statusText(pak, installed, pak.latest.version)
      : `${placesText(installed)}; ${heldBackText(held)}`;
  const parts = [textOfPak(pak, release, status)];
  if (full) parts.push(textOfManifest(release));
  if (files !== undefined) parts.push(textOfFiles(files));
  if (versions !== undefined) parts.push(textOfVersions(versions));
  return parts.join("\n\n");
}

/** The manifest as the registry read it, and each warning with its hint. */
function textOfManifest(release: ReleaseDto): string {
  const warnings = release.warnings.flatMap((one) => [
    `  ${safe(one.code)}: ${safe(one.message)}`,
    ...(one.hint === undefined ? [] : [`    ${safe(one.hint)}`]),
  ]);
  return [
    formatPairs([
      ["tag object", release.tag_object],
      ["tree", release.tree],
      ["archive", `sha256 ${release.archive_sha256} (${release.archive_bytes} bytes)`],
    ]),
    "",
    "manifest:",
    ...formatYaml(release.manifest)
      .split("\n")
      .map((line) => `  ${line}`),
    ...(warnings.length > 0 ? ["", "warnings:", ...warnings] : []),
  ].join("\n");
}

const textOfFiles = (files: readonly FileDto[]): string =>
  formatTable(
    ["SIZE", "SHA256", "FILE"],
    files.map((one) => [String(one.size), one.sha256, one.executable ? `${one.path} (executable)` : one.path]),
  );

async function requirePak(registry: Registry, ref: PakRef): Promise<PakDto> {
  const pak = await registry.findPak(ref);
  if (pak !== undefined) return pak;
  throw new PaksError("PAK_NOT_FOUND", `${registry.url} has no pak ${formatPakId(ref)}.`, {
    hint: await hintForUnknown(registry, ref, `Look for it: paks search ${ref.name}`),
  });
}

async function requireRelease(registry: Registry, ref: PakRef, selector: string): Promise<ReleaseDto> {
  const release = await registry.findRelease(ref, selector);
  if (release !== undefined) return release;
  throw new PaksError("VERSION_NOT_FOUND", `No release of ${formatPakId(ref)} fits ${selector}.`, {
    hint: `List them: paks info ${formatPakId(ref)} --versions`,
  });
}

/** What an older release said of itself: the registry's facts of a pak are those of its newest release. */
function factsOf(pak: PakDto, { version, manifest }: ReleaseDto) {
  if (version === pak.latest.version) return pak;
  const text = (key: string) => (typeof manifest[key] === "string" ? manifest[key] : undefined);
  const list = (key: string) => {
    const value = manifest[key];
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  };
  return {
    description: text("description") ?? pak.description,
    kind: text("kind") ?? pak.kind,
    license: text("license"),
    homepage: text("homepage"),
    keywords: list("keywords"),
    categories: list("categories"),
  };
}

/** How the registry knows that the account wanted the release, in words. */
const vouchers: ReadonlyMap<string, string> = new Map([
  ["token", "a token of the account"],
  ["webhook", "the git host's message to the registry (webhook)"],
  ["oidc", "the CI run at the git host (OIDC)"],
  ["signed-tag", "the signature of its tag"],
  ["binding", "its repository, which is bound to the pak"],
]);

function textOfPak(pak: PakDto, release: ReleaseDto, status: string | undefined): string {
  const facts = factsOf(pak, release);
  const channels = Object.entries(pak.channels).map(([channel, version]) => `${channel} ${version}`);
  return [
    `${formatPakId(pak)} ${safe(release.version)}${release.yanked ? " (yanked)" : ""}`,
    safe(facts.description),
    "",
    formatPairs([
      ["installed", status],
      ["kind", facts.kind],
      ["license", facts.license ?? undefined],
      ["homepage", facts.homepage ?? undefined],
      ["keywords", facts.keywords.join(", ")],
      ["categories", facts.categories.join(", ")],
      ["channels", channels.join(", ")],
      ["downloads", String(pak.downloads)],
      ["repository", release.path === "" ? release.repository : `${release.repository} (${release.path})`],
      ["tag", release.tag],
      ["commit", release.commit],
      ["released", release.released_at],
      ["vouched for by", vouchers.get(release.evidence) ?? release.evidence],
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
