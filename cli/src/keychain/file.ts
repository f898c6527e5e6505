import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { waitForLockFile } from "@paks/locks";
import { PaksError, fileSystemError, isMissing } from "@paks/schema";
import * as z from "zod/mini";
import { makeOwnFolder } from "../start/make-folder-plainly.ts";
import { replaceFile } from "../write-file.ts";
import type { KeychainBackend } from "./keychain.ts";

export interface FileKeychainDeps {
  /** Folder of the encrypted tokens. */
  readonly config: string;
  /** Folder of the key: another one, so that a backup of the first alone is worthless. */
  readonly state: string;
  readonly platform: NodeJS.Platform;
}

const Sealed = z.object({ version: z.literal(1), iv: z.string(), tag: z.string(), data: z.string() });
const Secrets = z.record(z.string(), z.record(z.string(), z.string()));
type Secrets = z.infer<typeof Secrets>;

const context = Buffer.from("paks tokens 1");

/**
 * Tokens in a file: AES-256-GCM, key in a second file, both 0600 in folders that are 0700. That protects against
 * backups and screenshots; not against programs that run as the same user.
 */
export function openFileKeychain(deps: FileKeychainDeps): KeychainBackend {
  const files = {
    tokens: join(deps.config, "credentials", "tokens.json"),
    key: join(deps.state, "credentials", "key"),
    posix: deps.platform !== "win32",
  };
  return {
    id: "file",
    description: files.tokens,
    getPassword: async (service, account) => {
      const secrets = await readSecrets(files);
      return Object.hasOwn(secrets, service) && Object.hasOwn(secrets[service]!, account)
        ? secrets[service]![account]!
        : null;
    },
    setPassword: (service, account, password) =>
      changeSecrets(files, (secrets) =>
        writeSecrets(files, { ...secrets, [service]: { ...secrets[service], [account]: password } }),
      ),
    deletePassword: async (service, account) => {
      // Where nothing was ever stored nothing is made, not even the lock's folder.
      if ((await readPrivate(files, files.tokens)) === undefined) return false;
      return changeSecrets(files, async (secrets) => {
        if (!Object.hasOwn(secrets, service) || !Object.hasOwn(secrets[service]!, account)) return false;
        const { [account]: _, ...rest } = secrets[service]!;
        await writeSecrets(files, { ...secrets, [service]: rest });
        return true;
      });
    },
    findCredentials: async (service) =>
      Object.entries((await readSecrets(files))[service] ?? {}).map(([account, password]) => ({ account, password })),
  };
}

interface Files {
  readonly tokens: string;
  readonly key: string;
  readonly posix: boolean;
}

async function readSecrets(files: Files): Promise<Secrets> {
  const sealed = await readPrivate(files, files.tokens);
  if (sealed === undefined) return {};
  const key = await readPrivate(files, files.key);
  if (key === undefined) throw damaged(files, `its key ${files.key} is gone`);
  try {
    return Secrets.parse(JSON.parse(unseal(Sealed.parse(JSON.parse(sealed.toString("utf8"))), key)));
  } catch (error) {
    throw damaged(files, "it does not open with its key", error);
  }
}

const damaged = (files: Files, why: string, cause?: unknown): PaksError =>
  new PaksError("KEYCHAIN_UNAVAILABLE", `The token file ${files.tokens} cannot be read: ${why}.`, {
    hint: "Delete it and run `paks login` again.",
    cause,
  });

function unseal(sealed: z.infer<typeof Sealed>, key: Buffer): string {
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.iv, "base64"), { authTagLength: 16 });
  decipher.setAAD(context);
  decipher.setAuthTag(Buffer.from(sealed.tag, "base64"));
  return Buffer.concat([decipher.update(Buffer.from(sealed.data, "base64")), decipher.final()]).toString("utf8");
}

async function writeSecrets(files: Files, secrets: Secrets): Promise<void> {
  const key = (await readPrivate(files, files.key)) ?? (await createKey(files));
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: 16 });
  cipher.setAAD(context);
  const data = Buffer.concat([cipher.update(JSON.stringify(secrets), "utf8"), cipher.final()]);
  const sealed = {
    version: 1,
    iv: iv.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
    data: data.toString("base64"),
  };
  await writePrivate(files.tokens, Buffer.from(`${JSON.stringify(sealed)}\n`));
}

async function createKey(files: Files): Promise<Buffer> {
  const key = randomBytes(32);
  await writePrivate(files.key, key);
  return key;
}

/** `undefined` when there is no such file. @throws PaksError KEYCHAIN_UNAVAILABLE when others may read it */
async function readPrivate(files: Files, path: string): Promise<Buffer | undefined> {
  try {
    const mode = (await stat(path)).mode & 0o777;
    if (files.posix && (mode & 0o077) !== 0) {
      throw new PaksError(
        "KEYCHAIN_UNAVAILABLE",
        `${path} can be read by others (mode ${mode.toString(8)}); it is not used.`,
        {
          hint: `Replace the tokens in it, then: chmod 600 ${path}`,
        },
      );
    }
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileSystemError(error, path) ?? error;
  }
}

/** Whole or not at all, and never readable by others in between. */
async function writePrivate(path: string, bytes: Buffer): Promise<void> {
  await makePrivateFolder(path);
  await replaceFile(path, bytes, 0o600);
}

async function makePrivateFolder(path: string): Promise<void> {
  try {
    makeOwnFolder(dirname(path));
    await chmod(dirname(path), 0o700);
  } catch (error) {
    throw fileSystemError(error, path) ?? error;
  }
}

/** Two logins at once would each write back what they read, and one token, or the key of the other, would be lost. */
async function changeSecrets<T>(files: Files, change: (secrets: Secrets) => Promise<T>): Promise<T> {
  await makePrivateFolder(files.tokens);
  const lock = await waitForLockFile(`${files.tokens}.lock`, { what: files.tokens, timeout: 10_000 });
  try {
    return await change(await readSecrets(files));
  } finally {
    lock.release();
  }
}
