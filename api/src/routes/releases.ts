import { countDownload, listReleaseFiles } from "@paks/db";
import { FileDto, manifestFileNames, PaksError, ReleaseDto } from "@paks/schema";
import type { Context } from "hono";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { addressGroup } from "../addresses.ts";
import { answerContent, answerDocument } from "../answers.ts";
import type { ApiDeps, App, AppEnv } from "../deps.ts";
import { contentAnswer, dataAnswer, failures } from "../openapi.ts";
import { openReleaseContents, type ReleaseContents } from "../release-contents.ts";
import { type FoundRelease, requireRelease, VersionParam, versionPath } from "../releases.ts";
import { validator } from "../validation.ts";

const text = "text/plain; charset=utf-8";
const notFound = failures("PAK_NOT_FOUND", "VERSION_NOT_FOUND");

export function getRelease(app: App, deps: ApiDeps): void {
  app.get(
    versionPath,
    describeRoute({
      operationId: "getRelease",
      summary: "The record of a release, by exact version, range or channel",
      responses: { ...notFound, 200: dataAnswer(ReleaseDto, "The release.") },
    }),
    validator("param", VersionParam),
    async (c) => {
      const { release } = await requireRelease(deps, c.req.valid("param"));
      return answerDocument(c, { data: release });
    },
  );

  app.get(
    `${versionPath}/files`,
    describeRoute({
      operationId: "listReleaseFiles",
      summary: "The files of a release, in the order of the digest",
      responses: { ...notFound, 200: dataAnswer(z.array(FileDto), "The files.") },
    }),
    validator("param", VersionParam),
    async (c) => {
      const { release } = await requireRelease(deps, c.req.valid("param"));
      return answerDocument(c, { data: await listReleaseFiles(deps.db, release) });
    },
  );
}

const FileParam = z.extend(VersionParam, { path: z.string().check(z.minLength(1), z.maxLength(1024)) });

async function answerFile(
  c: Context<AppEnv>,
  contents: ReleaseContents,
  { release, fixed, sha256, path }: FoundRelease & { sha256: string; path: string },
): Promise<Response> {
  const bytes = async () => {
    const file = (await contents.listFiles(release)).find((each) => each.path === path);
    if (file) return file.bytes;
    throw new PaksError("INTERNAL", "The archive of this release lacks a file that is recorded.", {
      details: { path },
    });
  };
  return answerContent(c, { bytes, sha256, type: text, fileName: path.slice(path.lastIndexOf("/") + 1), fixed });
}

/** The recorded digest of one of these files, whichever is there first. */
async function findFile(deps: ApiDeps, release: ReleaseDto, paths: readonly string[]): Promise<FileDto | undefined> {
  const files = await listReleaseFiles(deps.db, release);
  return paths.map((path) => files.find((file) => file.path === path)).find((file) => file !== undefined);
}

export function getReleaseFiles(app: App, deps: ApiDeps): void {
  const contents = openReleaseContents(deps);

  app.get(
    `${versionPath}/files/:path{.+}`,
    describeRoute({
      operationId: "getReleaseFile",
      summary: "One file of a release, as it was tagged",
      responses: {
        ...notFound,
        ...failures("NOT_FOUND", "PAK_NOT_FOUND", "VERSION_NOT_FOUND"),
        200: contentAnswer(text, "The file's bytes."),
      },
    }),
    validator("param", FileParam),
    async (c) => {
      const id = c.req.valid("param");
      const found = await requireRelease(deps, id);
      const file = await findFile(deps, found.release, [id.path]);
      if (file) return answerFile(c, contents, { ...found, ...file });
      throw new PaksError("NOT_FOUND", `The release has no file ${id.path}.`, { details: { path: id.path } });
    },
  );

  app.get(
    `${versionPath}/readme`,
    describeRoute({
      operationId: "getReadme",
      summary: "README.md of a release, or its manifest file where there is none",
      responses: { ...notFound, 200: contentAnswer(text, "Markdown, as it was tagged.") },
    }),
    validator("param", VersionParam),
    async (c) => {
      const found = await requireRelease(deps, c.req.valid("param"));
      const file = await findFile(deps, found.release, ["README.md", ...manifestFileNames(found.release.kind)]);
      if (file) return answerFile(c, contents, { ...found, ...file });
      throw new PaksError("NOT_FOUND", "The release has no readme.");
    },
  );

  app.get(
    `${versionPath}/archive`,
    describeRoute({
      operationId: "getArchive",
      summary: "The release as one .tar.gz; counts a download",
      responses: { ...notFound, 200: contentAnswer("application/gzip", "The archive, equal bytes for ever.") },
    }),
    validator("param", VersionParam),
    async (c) => {
      const { release, fixed } = await requireRelease(deps, c.req.valid("param"));
      const answer = await answerContent(c, {
        bytes: () => contents.readArchiveBytes(release),
        sha256: release.archive_sha256,
        type: "application/gzip",
        fileName: `${release.account}-${release.name}-${release.version}.tar.gz`,
        fixed,
      });
      if (answer.status === 200 && c.req.method === "GET") noteDownload(deps, c, release);
      return answer;
    },
  );
}

/** Beside the answer, never before it: a slow or broken counter must not cost anybody an install. */
function noteDownload({ db, log, onBackground }: ApiDeps, c: Context<AppEnv>, release: ReleaseDto): void {
  const { account, name, version } = release;
  const visitor = addressGroup(c.var.address);
  const counted = countDownload(db, { account, name, version, visitor }).catch((error: unknown) =>
    log({ level: "warn", event: "download-not-counted", account, name, version, error: String(error) }),
  );
  onBackground?.(counted);
}
