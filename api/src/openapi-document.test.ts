import { isErrorCode } from "@paks/schema";
import { expect, test } from "vitest";
import { openapiDocument } from "./openapi-document.ts";
import { testApi } from "./testing/test-api.ts";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly security?: unknown[];
  readonly parameters?: { name: string; in: string; required?: boolean }[];
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const readDocument = async () => (await openapiDocument()) as Document;

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test("the document is OpenAPI 3.1 and can be made without a registry", async () => {
  const document = await readDocument();
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(document.components.schemas["Error"]).toMatchObject({ type: "object" });
});

test("every route of the app is in the document, and the other way round", async () => {
  const { app } = await testApi();
  const routes = app.routes
    .filter((route) => route.method !== "ALL" && route.path !== "/api/openapi.json")
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)(\{[^/]*\})?/g, "{$1}")}`);
  const documented = operationsOf(await readDocument()).map(({ method, path }) => `${method} ${path}`);
  expect(new Set(documented)).toEqual(new Set(routes));
});

test("every operation has a name of its own, a summary, its parameters and its failures", async () => {
  const operations = operationsOf(await readDocument());
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(operations.length);
  for (const { path, operation } of operations) {
    expect(operation.summary).toMatch(/\w/);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const declared = (operation.parameters ?? []).filter((each) => each.in === "path").map((each) => each.name);
    expect(new Set(declared)).toEqual(new Set(named));
    if (path === "/healthz") continue;
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["400", "429", "500", "503"]));
  }
});

test("every failure in the document is a code of the error table and refers to the one error schema", async () => {
  for (const { operation } of operationsOf(await readDocument())) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue;
      expect(response.content?.["application/json"]?.schema).toEqual({ $ref: "#/components/schemas/Error" });
      const codes = [...response.description.matchAll(/`([A-Z_]+)`/g)].map((match) => match[1]!);
      expect(codes.length).toBeGreaterThan(0);
      expect(codes.filter((code) => !isErrorCode(code))).toEqual([]);
    }
  }
});

test("routes that need a token say so", async () => {
  for (const { operation } of operationsOf(await readDocument())) {
    expect(operation.security !== undefined).toBe(
      "401" in operation.responses && operation.operationId !== "receiveGithubWebhook",
    );
  }
});

test("the running registry serves the same document with its own address", async () => {
  const { request } = await testApi();
  const answer = await request("/api/openapi.json");
  expect(answer.headers.get("etag")).toBeTruthy();
  expect(await answer.json()).toMatchObject({ servers: [{ url: "https://paks.test" }], info: { version: "1.2.3" } });
});
