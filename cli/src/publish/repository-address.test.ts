import { expect, test } from "vitest";
import { formatRepositoryAddress } from "./repository-address.ts";

test.each([
  ["git@github.com:acme/pdf.git", "https://github.com/acme/pdf"],
  ["ssh://git@github.com/acme/pdf.git", "https://github.com/acme/pdf"],
  ["https://github.com/acme/pdf.git", "https://github.com/acme/pdf"],
  ["https://user:secret@github.com/acme/pdf", "https://github.com/acme/pdf"],
  ["https://token@github.com/acme/pdf", "https://github.com/acme/pdf"],
  ["git@git.example.com:acme/sub/pdf.git", "https://git.example.com/acme/sub/pdf.git"],
  ["git.example.com:acme/pdf.git", "https://git.example.com/acme/pdf.git"],
  ["ssh://git@git.example.com:2222/acme/pdf.git", "https://git.example.com/acme/pdf.git"],
  ["http://127.0.0.1:8080/pdf.git", "http://127.0.0.1:8080/pdf.git"],
  ["/srv/git/pdf.git", "file:///srv/git/pdf.git"],
  ["../pdf.git", "file:///home/pdf.git"],
  ["file:///srv/git/pdf.git", "file:///srv/git/pdf.git"],
])("%s is released as %s", (remote, address) => {
  expect(formatRepositoryAddress(remote, "/home/work")).toBe(address);
});

test("a remote helper's address is refused", () => {
  expect(() => formatRepositoryAddress("ext::sh -c x", "/")).toThrow(expect.objectContaining({ name: "PaksError" }));
});
