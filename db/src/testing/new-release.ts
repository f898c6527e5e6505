import { createHash } from "node:crypto";
import { type Manifest, parseRepositoryUrl } from "@paks/schema";
import type { NewRelease } from "../insert-release.ts";

export interface ReleaseWanted extends Partial<Omit<NewRelease, "manifest" | "repository">> {
  readonly accountId: string;
  readonly name?: string;
  readonly manifest?: Partial<Manifest>;
  readonly repository?: string;
}

const hash = (text: string, length: number): string => createHash("sha256").update(text).digest("hex").slice(0, length);

/** A release as the indexer would record it. The digest depends on the name, the version and nothing else. */
export function newRelease(wanted: ReleaseWanted): NewRelease {
  const { name = "pdf", version = "1.0.0", manifest, repository, ...rest } = wanted;
  const seed = `${name}@${version}`;
  return {
    version,
    tag: `v${version}`,
    tagObject: hash(`tag ${seed}`, 40),
    commit: hash(`commit ${seed}`, 40),
    tree: hash(`tree ${seed}`, 40),
    path: "",
    digest: `h1:${createHash("sha256").update(seed).digest("base64")}`,
    archive: { sha256: hash(`archive ${seed}`, 64), bytes: 512 },
    files: [
      { path: "SKILL.md", size: 40, sha256: hash("SKILL.md", 64), executable: false },
      { path: "scripts/run.sh", size: 8, sha256: hash("run.sh", 64), executable: true },
    ],
    totalBytes: 48,
    warnings: [],
    changelog: null,
    evidence: "token",
    bodyText: "",
    tagPrefix: null,
    mayBind: true,
    ...rest,
    repository: parseRepositoryUrl(repository ?? `https://github.com/acme/${name}`),
    manifest: {
      kind: "skill",
      name,
      description: `Works with ${name}.`,
      authors: [],
      keywords: [],
      categories: [],
      dependencies: [],
      extra: {},
      ...manifest,
    },
  };
}
