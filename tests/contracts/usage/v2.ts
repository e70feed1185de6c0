// Uses the generated types of v2, as an integrator would. Compiled, but not run.
import type { components, operations, paths } from "./strata_v2";

type Problem = components["schemas"]["Problem"];
type Listed = paths["/posts"]["get"]["responses"][200]["content"]["application/json"];
type Patch = operations["posts.update"]["requestBody"]["content"]["application/merge-patch+json"];
type Operation = components["schemas"]["Batch"]["operations"][number];

export const patch: Patch = { status: "archived" };

export function next(page: Listed): string | null {
  return page.has_more ? page.next_cursor : null;
}

export function heading(post: components["schemas"]["Post"]): string {
  return post.title;
}

export function authors(page: Listed): string[] {
  return page.data.flatMap((post) => ("author" in post && post.author ? [post.author.display_name] : []));
}

export const chosen: NonNullable<operations["posts.get"]["parameters"]["query"]> = {
  fields: ["id", "title"],
  include: ["author"],
};

export function target(operation: Operation): string | undefined {
  return operation.op === "create" ? undefined : operation.id;
}

export function tag(created: operations["posts.create"]["responses"][201]): string {
  return created.headers.ETag;
}

export function pointers(problem: Problem): string[] {
  return problem.errors.map((field) => `${field.pointer}: ${field.code}`);
}
