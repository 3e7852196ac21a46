import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { avroEncoder } from '../format/avro/avro-encoder.ts'
import { batchFromRows } from '../types/batch-from-rows.ts'
import { answerOfProgram } from './fixtures/answer-of-program.ts'

/** Megabytes of each file: `LAKEFRONT_LARGE_MB=1500` reads files of 1.5 GB. */
const megabytes = Number(process.env['LAKEFRONT_LARGE_MB'] ?? 300)
const limit = '64MB'
const rowsOfUnit = 10_000

/** A file that is never there as a whole: a head, and the same rows over and over. */
interface Periodic {
  readonly head: Uint8Array
  readonly unit: Uint8Array
  readonly times: number
}

const rows = Array.from({ length: rowsOfUnit }, (_, id) => ({
  id,
  name: `customer ${(id * 7919) % 100_003}`,
  price: ((id * 31) % 9973) / 8,
  note:
    id % 5 === 0
      ? null
      : Array.from({ length: 8 }, (__, at) => ((id * 2_654_435_761 + at * 40_503) % 2 ** 32).toString(36)).join(' '),
}))

function periodic(head: string | Uint8Array, unit: string | Uint8Array, times?: number): Periodic {
  const bytes = Buffer.from(unit as string)
  return { head: Buffer.from(head as string), unit: bytes, times: times ?? Math.ceil((megabytes * 1e6) / bytes.length) }
}

async function avro(): Promise<Periodic> {
  const batch = batchFromRows(rows, { id: 'integer', name: 'varchar', price: 'double', note: 'varchar' })
  const encoder = await avroEncoder(batch.schema, { codec: 'deflate' })
  const head = Buffer.concat([...encoder.head()])
  const blocks: Uint8Array[] = []
  for await (const chunk of encoder.batch(batch)) blocks.push(chunk)
  for await (const chunk of encoder.tail()) blocks.push(chunk)
  return periodic(head, Buffer.concat(blocks))
}

const files = new Map<string, Periodic>()
let server: Server
let url: string

beforeAll(async () => {
  const csv = rows.map(({ id, name, price, note }) => `${id},${name},${price},${note ?? ''}\n`).join('')
  files.set('/file.csv', periodic('id,name,price,note\n', csv))
  files.set('/file.ndjson', periodic('', rows.map((row) => `${JSON.stringify(row)}\n`).join('')))
  files.set('/file.avro', await avro())
  server = createServer((request, response) => {
    const { head, unit, times } = files.get(request.url!)!
    const size = head.length + unit.length * times
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const headers = { 'accept-ranges': 'bytes', etag: '"one"' }
    if (range === null) return void response.writeHead(200, { ...headers, 'content-length': size }).end()
    const [start, end] = [Number(range[1]), Math.min(size, Number(range[2]) + 1)]
    const bytes = Buffer.alloc(end - start)
    head.subarray(start, end).forEach((byte, at) => (bytes[at] = byte))
    for (let at = Math.max(start, head.length); at < end;) {
      const within = (at - head.length) % unit.length
      bytes.set(unit.subarray(within, within + end - at), at - start)
      at += unit.length - within
    }
    response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => void server?.close())

/** What a process of its own answers, and by how much its memory grew while it did. */
async function answer(
  name: string,
): Promise<{ row: Record<string, unknown>; grown: number; most: number; requests: number }> {
  const script = `
    import { readFileSync } from 'node:fs'
    import { connect } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const held = (what) => 1024 * Number(new RegExp(what + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1])
    const db = await connect({ memoryLimit: '${limit}' })
    await db.sql('SELECT 1').collect()
    const idle = held('VmRSS')
    const [row] = await db.sql("SELECT count(*) AS n, sum(id) AS ids, max(name) AS name, sum(price) AS price, count(note) AS notes FROM '${url}/${name}'").collect()
    const text = (key, value) => (typeof value === 'bigint' ? Number(value) : value)
    console.log(JSON.stringify({ row, grown: held('VmHWM') - idle, most: db.metrics.at(-1).memory.most, requests: db.metrics.at(-1).scans[0].requests }, text))
    await db.close()`
  return (await answerOfProgram(script)) as Awaited<ReturnType<typeof answer>>
}

const sum = (column: 'id' | 'price'): number => rows.reduce((all, row) => all + row[column], 0)

test.each(['file.csv', 'file.ndjson', 'file.avro'])(
  '%s of many times the memory limit is read to its end in bounded memory',
  { timeout: 1_200_000 },
  async (name) => {
    const { times } = files.get(`/${name}`)!
    const { row, grown, most, requests } = await answer(name)
    expect(row).toEqual({
      n: times * rowsOfUnit,
      ids: times * sum('id'),
      name: rows.reduce((last, one) => (one.name > last ? one.name : last), ''),
      price: times * sum('price'),
      notes: (times * rowsOfUnit * 4) / 5,
    })
    expect(requests).toBeLessThan(megabytes / 2)
    expect(grown).toBeLessThan(200e6)
    expect(most).toBeLessThan(64e6)
  },
)
