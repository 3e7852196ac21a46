import { deepStrictEqual } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import {
  Binary,
  Bool,
  DateDay,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeBuilder,
  Schema,
  Table,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow'
import avsc from 'avsc'
import { root, say } from '../../.ci/shell.mjs'
import { median } from '../figures.mjs'

const schema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'seat', type: 'int' },
    { name: 'price', type: 'double' },
    { name: 'ratio', type: ['null', 'float'] },
    { name: 'active', type: 'boolean' },
    { name: 'name', type: 'string' },
    { name: 'note', type: ['null', 'string'] },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['VIEW', 'CLICK', 'BUY'] } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }] },
    { name: 'key', type: 'bytes' },
    { name: 'tags', type: { type: 'array', items: 'int' } },
  ],
}

const types = {
  id: 'bigint',
  seat: 'integer',
  price: 'double',
  ratio: 'float',
  active: 'boolean',
  name: 'varchar',
  note: 'varchar',
  kind: "enum('VIEW', 'CLICK', 'BUY')",
  day: 'date',
  at: 'timestamptz',
  key: 'blob',
  tags: 'integer[]',
}

/** Rows as avsc has them; the same for the same number. @param {number} index */
const rowOf = (index) => {
  const noise = (index * 2_654_435_761) % 4_294_967_296
  return {
    id: index * 1_000_003,
    seat: (noise % 20_001) - 10_000,
    price: noise / 97,
    ratio: index % 5 === 0 ? null : (noise % 1000) / 8,
    active: noise % 3 === 0,
    name: `customer ${noise % 100_000}`,
    note: index % 3 === 0 ? null : `a note of some length, number ${noise % 1000}`,
    kind: /** @type {const} */ (['VIEW', 'CLICK', 'BUY'])[noise % 3] ?? 'VIEW',
    day: 10_000 + (noise % 10_000),
    at: index % 7 === 0 ? null : 1_600_000_000_000_000 + index * 1_234_567,
    key: Buffer.from([noise & 255, (noise >> 8) & 255, (noise >> 16) & 255, 0, 1, 2, 3, index & 255]),
    tags: Array.from({ length: index % 4 }, (_, at) => at * 100 + (noise % 100)),
  }
}

const arrowTypes = {
  id: new Int64(),
  seat: new Int32(),
  price: new Float64(),
  ratio: new Float32(),
  active: new Bool(),
  name: new Utf8(),
  note: new Utf8(),
  kind: new Dictionary(new Utf8(), new Int32()),
  day: new DateDay(),
  at: new TimestampMicrosecond('UTC'),
  key: new Binary(),
  tags: new List(new Field('item', new Int32())),
}

/** An Arrow table of rows, made with Arrow's own builders, one per column. @param {ReturnType<typeof rowOf>[]} rows */
const arrowFromRows = (rows) => {
  /** @type {Record<string, any>} */
  const columns = {}
  for (const [name, type] of Object.entries(arrowTypes)) {
    const builder = makeBuilder({ type, nullValues: [null] })
    const take = valueTakers[name] ?? ((/** @type {any} */ row) => row[name])
    for (const row of rows) builder.append(take(row))
    columns[name] = builder.finish().toVector()
  }
  return new Table(new Schema(Object.entries(arrowTypes).map(([name, type]) => new Field(name, type, true))), columns)
}

/** Values as the builders take them. @type {Record<string, (row: any) => unknown>} */
const valueTakers = {
  id: (row) => BigInt(row.id),
  day: (row) => new Date(row.day * 86_400_000),
  at: (row) => (row.at === null ? null : row.at / 1000),
}

/** What a row is as DuckDB's values. @param {ReturnType<typeof rowOf>} row */
const asValues = (row) => ({
  ...row,
  id: BigInt(row.id),
  day: new Date(row.day * 86_400_000).toISOString().slice(0, 10),
  at: row.at === null ? null : timestampText(row.at),
})

/** @param {number} micros */
const timestampText = (micros) => {
  const seconds = new Date(Math.floor(micros / 1e6) * 1000).toISOString().replace('T', ' ').slice(0, 19)
  const part = String(micros % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return `${seconds}${part === '' ? '' : `.${part}`}+00`
}

const loadOurs = async () => {
  const { build } = await import('rolldown')
  const dir = join(root, '.cache/bench/avro')
  await build({
    cwd: root,
    input: { ours: 'bench/avro/ours.ts' },
    platform: 'node',
    logLevel: 'silent',
    external: [/^apache-arrow$/],
    output: { dir, entryFileNames: '[name].mjs' },
  })
  return import(pathToFileURL(join(dir, 'ours.mjs')).href)
}

/** @param {string[]} names @param {number} rounds @param {(name: string) => Promise<unknown>} run */
const takeTurns = async (names, rounds, run) => {
  /** @type {Record<string, number[]>} */
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      globalThis.gc?.()
      const started = performance.now()
      await run(name)
      // The first turn is for the compiler.
      if (round >= 0) samples[name]?.push(performance.now() - started)
    }
  }
  return samples
}

/**
 * @param {import('../suite.d.ts').SuiteOptions} options
 * @returns {Promise<import('../suite.d.ts').SuiteResult>}
 */
export const runSuite = async ({ rows: count, rounds, build }) => {
  await build()
  const ours = await loadOurs()
  say(`making ${count} rows`)
  const type = avsc.Type.forSchema(/** @type {avsc.Schema} */ (/** @type {unknown} */ (schema)))
  /** @type {any[]} */
  let rows = Array.from({ length: count }, (_, index) => rowOf(index))
  /** @type {any[]} */
  const batches = []
  for (let at = 0; at < count; at += 65_536)
    batches.push(ours.batchFromRows(rows.slice(at, at + 65_536).map(asValues), ours.schemaFrom(types)))
  const encode = async () => {
    const encoder = await ours.avroEncoder(batches[0].schema, { codec: 'null', schema: JSON.stringify(schema) })
    const chunks = [...encoder.head()]
    for (const batch of batches) for await (const chunk of encoder.batch(batch)) chunks.push(chunk)
    for await (const chunk of encoder.tail()) chunks.push(chunk)
    return chunks
  }
  const file = new Uint8Array(Buffer.concat(await encode()))
  const blocks = await blocksOf(ours, file)

  const decodeOurs = async () => {
    const opened = await ours.openAvro(ours.memorySource(file, 'bench.avro'))
    const wanted = opened.fields.map((/** @type {unknown} */ _, /** @type {number} */ index) => index)
    const read = []
    for await (const batch of ours.readAvro(opened, wanted, { readsAhead: false }))
      read.push({ ...batch, schema: { fields: opened.fields } })
    return ours.tableFromBatches({ fields: opened.fields }, read)
  }
  const decodeRows = () => {
    const all = []
    for (const { bytes, rows } of blocks) {
      for (let row = 0, at = 0; row < rows; row++) {
        const { value, offset } = type.decode(bytes, at)
        all.push(value)
        at = offset
      }
    }
    return all
  }
  const rowsFromColumns = () =>
    batches.flatMap((batch) => {
      const table = ours.tableFromBatches(batch.schema, [batch])
      const columns = Object.keys(types).map((name) => /** @type {const} */ ([name, table.getChild(name)]))
      return Array.from({ length: batch.length }, (_, row) => {
        /** @type {Record<string, any>} */
        const made = {}
        for (const [name, column] of columns) made[name] = column.get(row)
        made['id'] = Number(made['id'])
        made['day'] = Number(made['day']) / 86_400_000
        made['at'] = made['at'] === null ? null : Math.round(Number(made['at']) * 1000)
        made['key'] = Buffer.from(made['key'])
        made['tags'] = [...made['tags']]
        return made
      })
    })
  /** @param {any[]} made */
  const encodeRows = (made) => made.reduce((bytes, row) => bytes + type.toBuffer(row).length, 0)

  say('checking that both read the same')
  checkTables(await decodeOurs(), arrowFromRows(/** @type {any} */ (decodeRows())), count)
  deepStrictEqual(
    decodeRows()
      .slice(0, 1000)
      .map((row) => ({ ...row })),
    rows.slice(0, 1000),
  )
  deepStrictEqual(rowsFromColumns().slice(0, 1000), rows.slice(0, 1000))
  deepStrictEqual(
    encodeRows(rows),
    blocks.reduce((sum, { bytes }) => sum + bytes.length, 0),
  )

  // Millions of objects that nobody needs would make every collection of garbage slow, also ours.
  rows = []
  say('decoding')
  const decoding = await takeTurns(['ours', 'avsc', 'avscRows'], rounds, async (name) =>
    name === 'ours' ? decodeOurs() : name === 'avsc' ? arrowFromRows(/** @type {any} */ (decodeRows())) : decodeRows(),
  )
  say('encoding')
  const encoding = await takeTurns(['ours', 'avsc'], rounds, async (name) =>
    name === 'ours' ? encode() : encodeRows(rowsFromColumns()),
  )
  rows = rowsFromColumns()
  Object.assign(encoding, await takeTurns(['avscRows'], rounds, async () => encodeRows(rows)))
  say('decoding in threads')
  const splits = await splitSamples(ours, await packed(ours, batches), rounds)
  const figures = {
    'avro.decode/avsc': ratio(decoding, 'avsc'),
    'avro.decode/avscRows': ratio(decoding, 'avscRows'),
    'avro.pool/alone': ratio(splits, 'alone'),
    'avro.encode/avsc': ratio(encoding, 'avsc'),
    'avro.encode/avscRows': ratio(encoding, 'avscRows'),
  }
  const milliseconds = { decode: medians(decoding), deflated: medians(splits), encode: medians(encoding) }
  return { figures, milliseconds, files: { 'bench.avro': file.length } }
}

/** The batches as one file in deflate. @param {any} ours @param {any[]} batches */
const packed = async (ours, batches) => {
  const encoder = await ours.avroEncoder(batches[0].schema, { schema: JSON.stringify(schema) })
  const chunks = [...encoder.head()]
  for (const batch of batches) for await (const chunk of encoder.batch(batch)) chunks.push(chunk)
  for await (const chunk of encoder.tail()) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** A file to columns in this thread, and in this one and the threads a session has. @param {any} ours @param {Uint8Array} file @param {number} rounds */
const splitSamples = async (ours, file, rounds) => {
  const dist = new URL('../../dist/', import.meta.url)
  const module = ours.decoderModule(() => readFile(new URL('wasm/parquet_wasm_bg.wasm', dist)))
  const spawn = () =>
    ours.connectDecoder(ours.nodeWorker(new Worker(new URL('worker/decode-node.js', dist)), 'decoder'))
  const workers = { cores: availableParallelism(), spawn }
  const pool = new ours.DecodePool({ decoder: ours.parquetDecoder(module), module, workers })
  const place = ours.splitPlace(pool, new ours.MemoryBudget(2e9))
  const opened = await ours.openAvro(ours.memorySource(file, 'deflated.avro'))
  const wanted = opened.fields.map((/** @type {unknown} */ _, /** @type {number} */ index) => index)
  const samples = await takeTurns(['ours', 'alone'], rounds, async (name) => {
    const options = { readsAhead: true, ...(name === 'ours' && { place }) }
    for await (const { length } of ours.readAvro(opened, wanted, options)) if (length < 0) throw new Error('no rows')
  })
  pool.close()
  return samples
}

/** The blocks of a file, as their bytes. @param {any} ours @param {Uint8Array} file */
const blocksOf = async (ours, file) => {
  const { avroBlocks } = ours
  const opened = await ours.openAvro(ours.memorySource(file, 'bench.avro'))
  /** @type {{ rows: number, bytes: Buffer }[]} */
  const blocks = []
  for await (const { rows, bytes } of avroBlocks(opened, { skipsRows: false, readsAhead: false }))
    blocks.push({ rows, bytes: Buffer.from(bytes) })
  return blocks
}

/** Every value of both tables. @param {any} a @param {any} b @param {number} rows */
const checkTables = (a, b, rows) => {
  deepStrictEqual([a.numRows, b.numRows], [rows, rows])
  for (const name of Object.keys(types)) {
    const [left, right] = [a.getChild(name), b.getChild(name)]
    for (let row = 0; row < rows; row++) {
      const [x, y] = [left.get(row), right.get(row)]
      if (x === y) continue
      if (typeof x === 'object' || typeof y === 'object') deepStrictEqual(plain(x), plain(y))
      else deepStrictEqual(x, y, `${name} of row ${row}`)
    }
  }
}

/** @param {any} value */
const plain = (value) => (value === null ? null : [...value])

/** @param {Record<string, number[]>} samples @param {string} other */
const ratio = (samples, other) => Number((median(samples['ours'] ?? []) / median(samples[other] ?? [])).toPrecision(3))

/** @param {Record<string, number[]>} samples */
const medians = (samples) =>
  Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, Math.round(median(values))]))
