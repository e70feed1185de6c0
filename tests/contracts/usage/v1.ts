// What an integrator of v1 writes with types that were generated from its contract. Checked, never run.
import type { components, operations, paths } from "./strata_v1";

type Post = components["schemas"]["PostResponse"];
type Created = operations["posts.create"]["responses"][201];
type Refused = operations["posts.create"]["responses"][422]["content"]["application/json"];
type Query = NonNullable<paths["/posts"]["get"]["parameters"]["query"]>;

export const query: Query = { page: 1, page_size: 20, sort_by: "created_at", sort_order: "desc" };

export function draft(title: string): components["schemas"]["PostCreate"] {
  return { title, content: "With types.", published: true };
}

export function summary(post: Post): string {
  const views: number = post.view_count;
  return `${post.id}: ${post.title.toUpperCase()}, ${views} views, ${post.published ? "public" : "draft"}`;
}

export function until(response: Created): string {
  return response.headers.Sunset;
}

export function reasons(refused: Refused): string[] {
  return typeof refused.detail === "string" ? [refused.detail] : refused.detail.map((issue) => issue.msg);
}
