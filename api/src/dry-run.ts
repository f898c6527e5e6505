import { checkNewRelease, findPakRow } from "@paks/db";
import {
  checkEntries,
  contentDigest,
  type Finding,
  findingOf,
  type IndexDryRunDto,
  type IndexDryRunRequest,
  isPaksError,
  type Limits,
  manifestFileNames,
  type PakId,
  PaksError,
  parsePakId,
  parseRepositoryUrl,
  parseTagName,
  parseVersion,
  readManifest,
  requirePath,
  sha256Hex,
  tagVersion,
} from "@paks/schema";
import { checkPublisher, type Token } from "./caller.ts";
import type { ApiDeps } from "./deps.ts";

/** The value, or its failure as a finding: a dry run tells everything at once. */
function attempt<T>(findings: Finding[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isPaksError(error)) throw error;
    findings.push(findingOf(error));
    return undefined;
  }
}

const problem = (error: PaksError): Finding => findingOf(error);

function checkSizes(files: IndexDryRunRequest["files"], limits: Limits): Finding[] {
  const findings = files
    .filter((file) => file.size > limits.fileBytes)
    .map(({ path, size }) =>
      problem(
        new PaksError("TOO_LARGE", `The file has ${size} bytes; at most ${limits.fileBytes} are allowed.`, {
          details: { path: path.slice(0, 256) },
        }),
      ),
    );
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > limits.releaseBytes) {
    const message = `The files have ${total} bytes together; at most ${limits.releaseBytes} are allowed.`;
    findings.push(problem(new PaksError("TOO_LARGE", message)));
  }
  return findings;
}

/** The manifest's text must be the file that is listed: else what is judged here is not what the digest covers. */
function checkListed(files: IndexDryRunRequest["files"], texts: ReadonlyMap<string, Uint8Array>): Finding[] {
  return [...texts].flatMap(([path, bytes]) => {
    const listed = files.find((file) => file.path === path);
    if (listed?.sha256 === sha256Hex(bytes)) return [];
    const message = listed ? `${path} is listed with another SHA-256.` : `${path} is not in the list of files.`;
    return [problem(new PaksError("MANIFEST_MISSING", message, { details: { path } }))];
  });
}

function checkManifest(request: IndexDryRunRequest, id: PakId | undefined, version: string | undefined): Finding[] {
  // The request has the two texts that a skill is made of; other kinds will need their own fields.
  const [main = "", extra = ""] = manifestFileNames("skill");
  const texts = new Map([[main, Buffer.from(request.manifest, "utf8")]]);
  if (request.manifest_extra !== undefined) texts.set(extra, Buffer.from(request.manifest_extra, "utf8"));
  const { manifest, findings } = readManifest(texts, { profile: "lenient" });
  const found = [...findings, ...checkListed(request.files, texts)];
  if (manifest && id && manifest.name !== id.name) {
    const message = `The manifest's name is ${manifest.name}, the release is meant for ${id.name}.`;
    found.push(problem(new PaksError("MANIFEST_INVALID", message, { details: { path: main, field: "name" } })));
  }
  if (manifest?.version !== undefined && version !== undefined && manifest.version !== version) {
    const message = `The manifest says version ${manifest.version}, the release would be ${version}.`;
    found.push(problem(new PaksError("VERSION_TAG_MISMATCH", message, { details: { path: main, field: "version" } })));
  }
  return found;
}

function checkTag(request: IndexDryRunRequest, id: PakId | undefined, version: string | undefined): Finding[] {
  const findings: Finding[] = [];
  const tag = request.tag === undefined ? undefined : attempt(findings, () => parseTagName(request.tag!));
  if (tag === undefined || !id || version === undefined) return findings;
  const pak = { name: id.name, path: request.path ?? "" };
  const said = tagVersion(tag, pak);
  // A prefix of the author's own is known to the registry only through the tag's trailers.
  if (said === version || (said === undefined && tag.endsWith(version))) return findings;
  const message = `The tag ${tag} does not say version ${version}${said === undefined ? "" : ` but ${said}`}.`;
  return [...findings, problem(new PaksError("VERSION_TAG_MISMATCH", message, { details: { tag } }))];
}

/** What the registry would say to a release, as far as it can be told before the tag exists. Changes nothing. */
export async function checkDryRun(deps: ApiDeps, token: Token, request: IndexDryRunRequest): Promise<IndexDryRunDto> {
  const { db, limits, gitPolicy } = deps;
  const findings: Finding[] = [];
  const id = attempt(findings, () => parsePakId(request.package));
  const version = attempt(findings, () => parseVersion(request.version));
  const { repository: url, path } = request;
  const repository = url === undefined ? undefined : attempt(findings, () => parseRepositoryUrl(url, gitPolicy));
  if (path) attempt(findings, () => requirePath(path, limits));
  const forbidden = id && checkPublisher(token, id);
  if (forbidden) findings.push(problem(forbidden));

  const entries = checkEntries(request.files, limits);
  findings.push(...entries, ...checkSizes(request.files, limits));
  findings.push(...checkManifest(request, id, version), ...checkTag(request, id, version));

  const mine = id && !forbidden && token.accountId !== null;
  if (mine && version !== undefined) {
    const place = repository && { repositoryKey: repository.key, path: path ?? "" };
    findings.push(...(await checkNewRelease(db, { accountId: token.accountId, name: id.name, version, ...place })));
  }
  return {
    ok: !findings.some((finding) => finding.severity === "error"),
    digest: entries.length === 0 ? contentDigest(request.files) : null,
    creates: id !== undefined && (await findPakRow(db, id)) === undefined,
    findings: findings.map(({ consumers: _consumers, ...finding }) => finding),
  };
}
