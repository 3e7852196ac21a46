import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { readTable, referenceLakes, referenceRoot, rowsOf, toldVersions } from './fixtures/reference-lakes.ts'
import { quotedName } from './catalog/quoted.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)

test('the lakes that the reference wrote are there', () => {
  expect(referenceLakes()).toHaveLength(14)
})

let engine: Engine
beforeAll(async () => {
  engine = await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside)
})
afterAll(() => engine.close())

describe.each(referenceLakes())('the lake %s', (name) => {
  const versions = toldVersions(name)

  beforeAll(async () => {
    await engine.lake!('open', { url: referenceRoot + name, name: 'lake', create: false, readOnly: true })
  })

  afterAll(() => engine.lake!('close', { lake: 'lake' }))

  test.each(Object.keys(versions))('has the rows of version %s', async (version) => {
    for (const [path, told] of Object.entries(versions[version]!)) {
      const got = await readTable(engine, path, Number(version))
      expect(got.names).toEqual(told.columns.map((column) => column.column_name))
      if (told.rows === undefined) continue
      expect(got.count).toBe(told.count)
      expect(got.rows).toEqual(told.rows)
      const dot = path.indexOf('.')
      const sqlName = `lake.${quotedName(path.slice(0, dot))}.${quotedName(path.slice(dot + 1))}`
      const counted = await rowsOf(engine, `SELECT count(*) AS n FROM ${sqlName} AT (VERSION => ${version})`)
      expect(counted).toEqual([{ n: BigInt(told.count!) }])
    }
  })
})
