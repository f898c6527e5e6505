import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LockedPak } from "@paks/schema";
import type { Context } from "../context.ts";
import { sourceOfOrigin } from "./repositories.ts";

/** Of what is locked, that which is not in place at all will be read: of one repository all of it at once. */
export function expectMissing(
  { repositories }: Pick<Context, "repositories">,
  skillsFolder: string,
  entries: readonly (readonly [folder: string, entry: LockedPak])[],
): void {
  repositories.expect(
    entries.flatMap(([folder, { resolved }]) =>
      resolved.type === "git" && !existsSync(join(skillsFolder, folder)) ? [sourceOfOrigin(resolved)] : [],
    ),
  );
}
