import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DuckdbNativeEngine } from '../../engine/duckdb-native/duckdb-native-engine.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { type MadeChange, parseChangesMade, printChangesMade } from './changes-made.ts'

const lakes = fileURLToPath(new URL('../../../../shared/data/ducklake', import.meta.url))

const name = fc.string({ unit: 'grapheme', minLength: 1 })
const change: fc.Arbitrary<MadeChange> = fc.oneof(
  fc.record({ kind: fc.constant('created_schema' as const), name }),
  fc.record({ kind: fc.constantFrom('created_table' as const, 'created_view' as const), schema: name, name }),
  fc.record({
    kind: fc.constantFrom('dropped_table' as const, 'inserted_into_table' as const, 'deleted_from_table' as const),
    id: fc.nat(),
  }),
)

describe('what a snapshot says it did', () => {
  it('reads what it prints, whatever the names are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(change, { selector: (made) => JSON.stringify(made) }), (changes) => {
        const text = printChangesMade(changes)
        const read = parseChangesMade(text)
        expect(new Set(read.map((made) => JSON.stringify(made)))).toEqual(
          new Set(changes.map((made) => JSON.stringify(made))),
        )
        expect(printChangesMade(read)).toBe(text)
      }),
    )
  })

  it('reads and prints again what the reference implementation wrote, letter by letter', async () => {
    await using engine = await DuckdbNativeEngine.open()
    let seen = 0
    for (const lake of readdirSync(lakes)) {
      await (
        await engine.execute({ sql: `ATTACH '${lakes}/${lake}/catalog.ducklake' AS "${lake}" (READ_ONLY)` })
      ).close()
      const stream = await engine.execute({
        sql: `SELECT changes_made FROM "${lake}".ducklake_snapshot_changes WHERE changes_made IS NOT NULL`,
      })
      for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
        for (const row of rowsFromBatch(batch)) {
          const text = String(row['changes_made'])
          expect(printChangesMade(parseChangesMade(text))).toBe(text)
          seen++
        }
      }
      await stream.close()
    }
    expect(seen).toBeGreaterThan(100)
  })

  it('takes other spellings, and refuses what is not of the format', () => {
    expect(parseChangesMade(null)).toEqual([])
    expect(parseChangesMade('Flushed_Inlined:3, INSERTED_INTO_TABLE:4')).toEqual([
      { kind: 'inline_flush', id: 3 },
      { kind: 'inserted_into_table', id: 4 },
    ])
    for (const text of ['our_thing:2', 'inserted_into_table:1;', 'created_table:"a"', 'dropped_table:"a"', 'x'])
      expect(() => parseChangesMade(text), text).toThrow(/not of DuckLake 1.0/)
  })
})
