import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/** Where `.ci/companions.mjs` installs it. */
const program = fileURLToPath(
  new URL(
    `../../../.cache/node-sqlite/node_modules/node-${process.platform}-${process.arch}/bin/node`,
    import.meta.url,
  ),
)
const dist = new URL('../../../dist/', import.meta.url)

/** Runs a module in a Node that has SQLite of its own; what it prints. */
function runs(text: string): unknown {
  const head = `
    import { col, connect } from ${JSON.stringify(new URL('index.js', dist).href)}
    import * as F from ${JSON.stringify(new URL('functions.js', dist).href)}
    const show = (value) => console.log(JSON.stringify(value, (_, each) =>
      typeof each === 'bigint' ? each + 'n' : each instanceof Uint8Array ? [...each] : each))
  `
  const printed = execFileSync(program, ['--input-type=module', '-e', head + text], { encoding: 'utf8' })
  return JSON.parse(printed.trim().split('\n').at(-1)!) as unknown
}

describe("Node's own SQLite", () => {
  test('a file keeps what was written, in its types; changes and transactions count', ({ skip }) => {
    if (!existsSync(program)) skip('Node 24 is not installed: "npm test" does that')
    const folder = mkdtempSync(join(tmpdir(), 'lakefront-sqlite-'))
    const target = JSON.stringify(`sqlite:${join(folder, 'notes.db')}`)
    try {
      expect(
        runs(`
          const db = await connect(${target})
          await db.sql('CREATE TABLE notes (id INTEGER PRIMARY KEY, at TIMESTAMP, text TEXT, big BIGINT, x DOUBLE, b BLOB, ok BOOLEAN)').collect()
          const inserted = await db.table('notes').insert([
            { id: 1, at: '2024-02-29 12:30:00', text: 'leap', big: 9007199254740993n, x: 0.5, b: new Uint8Array([1, 2]), ok: true },
            { id: 2, at: null, text: "é'", big: null, x: -1e300, b: null, ok: null },
          ])
          const changed = await db.table('notes').upsert([{ id: 2, text: 'two' }, { id: 3, text: 'three' }], { key: 'id' })
          await db.transaction(async (tx) => { await tx.table('notes').delete(col('id').eq(3)) })
          const failed = await db.sql('SELECT nope FROM notes').collect().catch(({ code }) => code)
          await db.close()
          show([inserted, changed, failed])
        `),
      ).toEqual([2, 2, 'COLUMN_NOT_FOUND'])
      expect(
        runs(`
          const db = await connect(${target})
          const kept = []
          for (let time = 0; time < 3; time++) kept.push(await db.sql('SELECT * FROM notes WHERE id = ?', [1]).collect())
          await db.sql('ALTER TABLE notes ADD COLUMN more INTEGER').collect()
          const after = await db.sql('SELECT * FROM notes WHERE id = ?', [2]).collect()
          const lists = await db.createDataFrame([{ id: 1, l: [3, 1] }]).join(db.table('notes'), 'id')
            .select('text', F.sortArray('l').as('l'), F.size('l').as('n')).collect()
          const described = await db.table('notes').orderBy('id').limit(1).toArrow()
          show([kept[2], after, lists, db.engine.name, described.numRows])
          await db.close()
        `),
      ).toEqual([
        [{ id: '1n', at: '2024-02-29 12:30:00', text: 'leap', big: '9007199254740993n', x: 0.5, b: [1, 2], ok: true }],
        [{ id: '2n', at: null, text: 'two', big: null, x: -1e300, b: null, ok: null, more: null }],
        [{ text: 'leap', l: [1, 3], n: 2 }],
        'sqlite',
        1,
      ])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
