import { dirname, join } from "node:path";
import { describeFiles } from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchSource } from "./fetch-source.ts";
import type { Fetched } from "./fetched.ts";
import { type Placed, placeRelease } from "./place.ts";
import { type InstallRecord, formatLink } from "./record.ts";
import type { Scope } from "./scope.ts";
import { requireInside } from "./require-inside.ts";
import { inSkillsFolder } from "./skills-folder.ts";

export interface Installed extends Placed {
  readonly record: InstallRecord;
  /** Absolute. */
  readonly path: string;
  /** Absolute. */
  readonly links: readonly string[];
  readonly notes: readonly string[];
}

/** Fetch and verify all of them, then rename them into place: a name that is not there changes nothing on disk. */
export async function installSources(
  context: Context,
  sources: readonly string[],
  options: { readonly scope: Scope; readonly force: boolean },
): Promise<Installed[]> {
  const fetched: Fetched[] = [];
  for (const source of sources)
    fetched.push(await context.progress(`Fetching ${source}`, () => fetchSource(source, context)));
  const installed: Installed[] = [];
  for (const one of fetched) installed.push(await installFetched(context, one, options));
  return installed;
}

async function installFetched(
  context: Context,
  fetched: Fetched,
  { scope, force }: { readonly scope: Scope; readonly force: boolean },
): Promise<Installed> {
  const links = scope.linksOf(fetched);
  if (scope.boundary !== undefined) for (const link of links) await requireInside(dirname(link.path), scope.boundary);
  const record = recordOf(fetched, {
    folder: scope.folderOf(fetched),
    links: links.map((link) => formatLink(scope.skillsFolder, link.path)),
    now: context.clock(),
  });
  const placed = await inSkillsFolder(scope.skillsFolder, { boundary: scope.boundary, note: context.note }, () =>
    placeRelease({ skillsFolder: scope.skillsFolder, record, files: fetched.files, links, force }),
  );
  const path = join(scope.skillsFolder, record.folder);
  return { ...placed, record, path, links: links.map((link) => link.path), notes: fetched.notes };
}

const recordOf = (
  fetched: Fetched,
  place: { readonly folder: string; readonly links: readonly string[]; readonly now: Date },
): InstallRecord => ({
  record_version: 1,
  folder: place.folder,
  name: fetched.name,
  version: fetched.version,
  digest: fetched.digest,
  origin: fetched.origin,
  files: describeFiles(fetched.files).files,
  links: [...place.links].sort(),
  installed_at: place.now.toISOString(),
});
