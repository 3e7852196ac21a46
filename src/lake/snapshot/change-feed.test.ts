import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../connect.ts'
import type { Session } from '../../connect/session.ts'
import type { Lake } from '../../frame/lake.ts'
import type { LakeTable } from '../../frame/lake-table.ts'
import { referenceLakes, referenceRoot, toldVersions } from '../fixtures/reference-lakes.ts'
import type { ToldTable } from '../fixtures/reference-lakes.ts'

const workerUrl = new URL('../../../dist/worker/engine-node.js', import.meta.url)

type Texts = Readonly<Record<string, unknown>>

let db: Session
beforeAll(async () => {
  db = await connect({ workerUrl })
})
afterAll(() => db.close())

// What a snapshot changed is the difference to the one before it.
describe.each(referenceLakes())('changes of the lake %s', (name) => {
  const versions = toldVersions(name)
  const numbers = Object.keys(versions).map(Number)
  let lake: Lake

  beforeAll(async () => {
    lake = await db.openLake(referenceRoot + name, { readOnly: true })
  })

  afterAll(() => lake.close())

  const named = (path: string): LakeTable => {
    const dot = path.indexOf('.')
    return lake.table(path.slice(dot + 1), { schema: path.slice(0, dot) })
  }

  /** The table before: by its name, or when it was renamed the one whose name is gone. */
  const beforeOf = (version: number, path: string): ToldTable => {
    const before = versions[version - 1]!
    const gone = Object.keys(before).find((old) => !(old in versions[version]!))
    return before[path] ?? before[gone ?? ''] ?? { columns: [], rows: [], count: 0 }
  }

  const isWhole = ({ rows, count }: ToldTable): boolean => rows !== undefined && rows.length === count

  test.each(numbers.filter((version) => numbers.includes(version - 1)))(
    'in version %s are those that rows tell',
    async (version) => {
      for (const [path, now] of Object.entries(versions[version]!)) {
        const before = beforeOf(version, path)
        if (!isWhole(now) || !isWhole(before)) continue
        const changes = (await named(path).changes(version, version).collect()) as unknown as Texts[]
        const told = (type: string): number[] =>
          changes.filter((row) => row['change_type'] === type).map((row) => Number(row['rowid']))
        const old = new Map(before.rows!.map((row) => [row['rowid'], row]))
        const ids = now.rows!.map((row) => row['rowid'])
        expect(told('insert').toSorted(byNumber)).toEqual(ids.filter((id) => !old.has(id)))
        expect(told('delete').toSorted(byNumber)).toEqual([...old.keys()].filter((id) => !ids.includes(id)))
        expect(told('update_postimage')).toEqual(told('update_preimage'))
        expect(changes.every((row) => Number(row['snapshot_id']) === version)).toBe(true)
        // A struct is told otherwise once it has other fields.
        const columns = Object.entries(now.rows![0] ?? {})
          .filter(([column, value]) => column in (before.rows![0] ?? {}) && !String(value).startsWith('{'))
          .map(([column]) => column)
        const text = (row: Texts): string => columns.map((column) => String(row[column])).join()
        const updated = now.rows!.filter((row) => old.has(row['rowid']) && text(row) !== text(old.get(row['rowid'])!))
        for (const row of updated) expect(told('update_postimage')).toContain(row['rowid'])
        for (const row of changes) {
          const side = row['change_type'] === 'delete' || row['change_type'] === 'update_preimage' ? before : now
          const own = side.rows!.find((other) => other['rowid'] === Number(row['rowid']))!
          for (const column of columns.filter((name) => typeof row[name] === 'string'))
            expect(row[column]).toBe(own[column])
        }
      }
    },
  )

  test('of all versions together are those of each', async () => {
    const last = numbers.at(-1)!
    for (const path of Object.keys(versions[last]!)) {
      const counted = async (from: number, to: number): Promise<string[]> => {
        const rows = await named(path).changes(from, to).groupBy('snapshot_id', 'change_type').count().collect()
        return rows.map((row) => Object.values(row).join(' ')).toSorted()
      }
      const each = new Map<number, string[]>()
      for (const version of numbers) if (path in versions[version]!) each.set(version, await counted(version, version))
      const all = await counted(0, last)
      expect(all.filter((row) => each.has(Number(row.split(' ')[0])))).toEqual([...each.values()].flat().toSorted())
    }
  })
})

const byNumber = (a: number, b: number): number => a - b
