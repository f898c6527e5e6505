import {
  AttemptDto,
  CreatedTokenDto,
  FileDto,
  HealthDto,
  IndexDryRunDto,
  IndexedTagDto,
  ListMeta,
  MeDto,
  PakDto,
  PakSummaryDto,
  PakVersionsDto,
  ReleaseDto,
  TokenDto,
  VerifyDto,
  VersionDto,
} from "@paks/schema";
import * as z from "zod/mini";

const data = <T extends z.ZodMiniType>(schema: T) => z.object({ data: schema });

/**
 * The shapes of the registry's answers, by name. In a module of their own that loads with the first answer: making
 * them costs more than all of a command that asks no registry.
 */
export const answers = {
  attempt: data(AttemptDto),
  attempts: data(z.array(AttemptDto)),
  indexedTags: data(z.array(IndexedTagDto)),
  dryRun: data(IndexDryRunDto),
  dryRuns: data(z.array(IndexDryRunDto)),
  pak: data(PakDto),
  versions: data(z.array(VersionDto)),
  many: data(z.array(PakVersionsDto)),
  release: data(ReleaseDto),
  files: data(z.array(FileDto)),
  found: z.object({ data: z.array(PakSummaryDto), meta: ListMeta }),
  health: data(HealthDto),
  me: data(MeDto),
  verified: data(VerifyDto),
  tokens: data(z.array(TokenDto)),
  createdToken: data(CreatedTokenDto),
};

export { ErrorBodyDto } from "@paks/schema";
