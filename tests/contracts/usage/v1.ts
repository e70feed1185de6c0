// Uses the generated types of v1, as an integrator would. Compiled, but not run.
import type { components, operations, paths } from "./strata_v1";

type Post = components["schemas"]["PostResponse"];
type Created = operations["posts.create"]["responses"][201];
type Rejected = operations["posts.create"]["responses"][422]["content"]["application/json"];
type Query = NonNullable<paths["/posts"]["get"]["parameters"]["query"]>;

export const query: Query = { page: 1, page_size: 20, sort_by: "created_at", sort_order: "desc" };

export function draft(title: string): components["schemas"]["PostCreate"] {
  return { title, content: "With types.", published: true };
}

export function summary(post: Post): string {
  const views: number = post.view_count;
  return `${post.id}: ${post.title.toUpperCase()}, ${views} views, ${post.published ? "public" : "draft"}`;
}

export function sunset(response: Created): string {
  return response.headers.Sunset;
}

export function messages(rejected: Rejected): string[] {
  return typeof rejected.detail === "string" ? [rejected.detail] : rejected.detail.map((issue) => issue.msg);
}
