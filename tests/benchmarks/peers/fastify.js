// Fastify with the plugins of its ecosystem for limits, CORS, ETags, metrics and traces, each added as its README says.
// node fastify.js PORT; the database is STRATA_DATABASE__URL.

import fs from 'node:fs'

import cors from '@fastify/cors'
import etag from '@fastify/etag'
import FastifyOtelInstrumentation from '@fastify/otel'
import rateLimit from '@fastify/rate-limit'
import { BatchSpanProcessor, NodeTracerProvider, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-node'
import Fastify from 'fastify'
import metrics from 'fastify-metrics'
import pg from 'pg'

// The harness keeps the other end of this pipe open while it runs.
fs.createReadStream(null, { fd: Number(process.env.STRATA_LIFELINE) })
  .resume()
  .on('end', () => process.exit(1))

const SELECT =
  'SELECT p.id, p.uid, u.uid AS author_uid, u.display_name AS author_name, p.title, p.content, p.status,' +
  ' p.published_at, p.view_count, p.created_at, p.updated_at FROM posts p JOIN users u ON u.id = p.author_id'
const POST = {
  type: 'object',
  properties: {
    ...Object.fromEntries(
      ['id', 'uid', 'author_uid', 'author_name', 'title', 'content', 'status'].map((name) => [name, { type: 'string' }])
    ),
    view_count: { type: 'integer' },
    published_at: { type: ['string', 'null'], format: 'date-time' },
    created_at: { type: 'string', format: 'date-time' },
    updated_at: { type: 'string', format: 'date-time' }
  }
}

// Discards spans. Without the cost of the export protocol, the ratios favour this variant.
const discard = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} }

const pool = new pg.Pool({ connectionString: process.env.STRATA_DATABASE__URL, max: 8 })
const app = Fastify({ logger: true })
const tracing = new FastifyOtelInstrumentation()
tracing.setTracerProvider(
  new NodeTracerProvider({
    sampler: new TraceIdRatioBasedSampler(0.1),
    spanProcessors: [new BatchSpanProcessor(discard)]
  })
)
await app.register(tracing.plugin())
await app.register(metrics, { endpoint: '/metrics' })
// No request reaches this limit, but each is counted and gets the headers.
await app.register(rateLimit, { max: 100_000_000, timeWindow: '1 minute' })
await app.register(cors, { origin: '*' })
await app.register(etag)

app.get('/posts', { schema: { response: { 200: { type: 'array', items: POST } } } }, async (request) => {
  const limit = Number(request.query.limit ?? 20)
  const text = `${SELECT} WHERE p.status = 'published' ORDER BY p.created_at DESC, p.id DESC LIMIT $1`
  return (await pool.query({ name: 'page', text, values: [limit] })).rows
})

app.get('/posts/:uid', { schema: { response: { 200: POST } } }, async (request, reply) => {
  const found = await pool.query({ name: 'one', text: `${SELECT} WHERE p.uid = $1`, values: [request.params.uid] })
  return found.rows[0] ?? reply.code(404).send()
})

await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
