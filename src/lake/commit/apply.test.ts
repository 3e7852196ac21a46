import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyChanges } from './apply.ts'
import type { WriteDeletes } from './apply-rows.ts'
import type { CatalogRow } from '../catalog/catalog.ts'
import type { Change, NewDataFile } from './change.ts'
import { nativeCatalog } from '../fixtures/native-catalog.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'

type NativeCatalog = Awaited<ReturnType<typeof nativeCatalog>>

let catalog: NativeCatalog
let main: string
beforeEach(async () => {
  catalog = await nativeCatalog()
  const [row] = await catalog.read('SELECT CAST(schema_uuid AS VARCHAR) AS uuid FROM {M}.ducklake_schema')
  main = String(row!['uuid'])
})
afterEach(() => catalog.close())

const noDeletes: WriteDeletes = async () => {
  throw new Error('unexpected')
}

/** Stands for files that are written elsewhere: what is asked for is what the answer says. */
const recordedDeletes =
  (asked: Parameters<WriteDeletes>[0][] = []): WriteDeletes =>
  async (request) => {
    asked.push(request)
    const before = request.before === undefined ? 0 : 1
    return {
      path: `ducklake-${uuidV7()}-delete.parquet`,
      isRelative: true,
      bytes: 100,
      footerBytes: 50,
      count: request.positions.length + before,
      first: request.before?.snapshot ?? request.snapshot,
      last: request.snapshot,
    }
  }

async function commit(changes: readonly Change[], base?: number, writeDeletes = noDeletes): Promise<number> {
  const [head] = await catalog.read('SELECT max(snapshot_id) AS id FROM {M}.ducklake_snapshot')
  const snapshot = await catalog.transact((transaction) =>
    applyChanges(transaction, changes, { base: base ?? Number(head!['id']), writeDeletes }),
  )
  return snapshot!
}

function table(name: string, uuid = uuidV7()): Extract<Change, { kind: 'createTable' }> {
  return {
    kind: 'createTable',
    uuid,
    schema: main,
    name,
    columns: [
      { name: 'id', type: { kind: 'bigint' }, nullable: false },
      {
        name: 's',
        type: {
          kind: 'struct',
          fields: [
            { name: 'a', type: { kind: 'integer' }, nullable: true },
            { name: 'b', type: { kind: 'list', element: { kind: 'varchar' } }, nullable: true },
          ],
        },
      },
      { name: 'x', type: { kind: 'double' }, default: { kind: 'literal', text: '0.5' } },
    ],
  }
}

function file(rows: number, min: string, max: string): NewDataFile {
  const column = { bytes: 10, valueCount: rows, nullCount: 0, containsNan: null }
  return {
    path: `ducklake-${uuidV7()}.parquet`,
    isRelative: true,
    rows,
    bytes: 1000,
    footerBytes: 300,
    statistics: [
      { ...column, column: 1, min, max },
      { ...column, column: 3, min: '1', max: '2' },
      { ...column, column: 5, min: 'a', max: 'b' },
      { ...column, column: 6, min: '0.5', max: '1.5', containsNan: false },
    ],
  }
}

const all = (name: string): Promise<readonly CatalogRow[]> => catalog.read(`SELECT * FROM {M}.${name}`)
const madeBy = async (snapshot: number): Promise<unknown> =>
  (await catalog.read('SELECT changes_made FROM {M}.ducklake_snapshot_changes WHERE snapshot_id = $1', [snapshot]))[0]![
    'changes_made'
  ]

describe('a commit', () => {
  it('creates a table with its columns, numbered depth first', async () => {
    const change = table('q t')
    expect(await commit([change])).toBe(1)
    const [row] = await catalog.read('SELECT *, CAST(table_uuid AS VARCHAR) AS u FROM {M}.ducklake_table')
    expect(row).toMatchObject({
      table_id: 1n,
      table_name: 'q t',
      path: `${change.uuid}/`,
      u: change.uuid,
      end_snapshot: null,
    })
    const columns = await all('ducklake_column')
    expect(columns.map((c) => [c['column_id'], c['parent_column'], c['column_name'], c['column_type']])).toEqual([
      [1n, null, 'id', 'int64'],
      [2n, null, 's', 'struct'],
      [3n, 2n, 'a', 'int32'],
      [4n, 2n, 'b', 'list'],
      [5n, 4n, 'element', 'varchar'],
      [6n, null, 'x', 'float64'],
    ])
    expect(columns[5]).toMatchObject({ initial_default: '0.5', default_value: '0.5', default_value_type: 'literal' })
    expect(columns[0]).toMatchObject({ nulls_allowed: false, default_value: 'NULL', default_value_dialect: 'duckdb' })
    expect(await madeBy(1)).toBe('created_table:"main"."q t"')
    expect((await all('ducklake_snapshot'))[1]).toMatchObject({
      schema_version: 1n,
      next_catalog_id: 2n,
      next_file_id: 0n,
    })
    expect(await all('ducklake_schema_versions')).toEqual([{ begin_snapshot: 1n, schema_version: 1n, table_id: 1n }])
  })

  it('keeps nothing of files that it adds and takes out again', async () => {
    const change = table('t')
    const [one, two] = [file(10, '1', '4'), file(5, '1', '2')]
    await commit([
      change,
      { kind: 'appendFiles', table: change.uuid, files: [one] },
      { kind: 'endFiles', table: change.uuid, files: [one.path] },
      { kind: 'appendFiles', table: change.uuid, files: [two] },
    ])
    const [kept, ...others] = await all('ducklake_data_file')
    expect([kept!['path'], others]).toEqual([two.path, []])
    const known = await all('ducklake_file_column_stats')
    expect(new Set(known.map((row) => row['data_file_id']))).toEqual(new Set([kept!['data_file_id']]))
  })

  it('appends files: row ids go on, statistics are merged', async () => {
    const change = table('t')
    await commit([change, { kind: 'appendFiles', table: change.uuid, files: [file(10, '9', '12')] }])
    expect(await madeBy(1)).toBe('created_table:"main"."t",inserted_into_table:1')
    await commit([{ kind: 'appendFiles', table: change.uuid, files: [file(5, '-3', '10'), file(7, '100', '100')] }])
    const files = await all('ducklake_data_file')
    expect(files.map((f) => [f['data_file_id'], f['begin_snapshot'], f['row_id_start'], f['record_count']])).toEqual([
      [0n, 1n, 0n, 10n],
      [2n, 2n, 10n, 5n],
      [3n, 2n, 15n, 7n],
    ])
    expect(await all('ducklake_table_stats')).toEqual([
      { table_id: 1n, record_count: 22n, next_row_id: 22n, file_size_bytes: 3000n },
    ])
    const stats = await catalog.read('SELECT * FROM {M}.ducklake_table_column_stats ORDER BY column_id')
    expect(
      stats.map((s) => [s['column_id'], s['min_value'], s['max_value'], s['contains_null'], s['contains_nan']]),
    ).toEqual([
      [1n, '-3', '100', false, null],
      [3n, '1', '2', false, null],
      [5n, 'a', 'b', false, null],
      [6n, '0.5', '1.5', false, false],
    ])
    const [, , last] = await all('ducklake_snapshot')
    expect(last).toMatchObject({ schema_version: 1n, next_file_id: 5n })
  })

  it('takes nothing for a table column added after data, and a new one for each alteration', async () => {
    const change = table('t')
    const uuid = change.uuid
    await commit([change, { kind: 'appendFiles', table: uuid, files: [file(1, '1', '1')] }])
    await commit([
      {
        kind: 'addColumn',
        table: uuid,
        into: [],
        column: { name: 'v', type: { kind: 'integer' }, default: { kind: 'literal', text: '7' } },
      },
      { kind: 'addColumn', table: uuid, into: ['s'], column: { name: 'c', type: { kind: 'date' } } },
      { kind: 'renameColumn', table: uuid, column: ['v'], name: 'w' },
      { kind: 'alterType', table: uuid, column: ['s', 'a'], type: { kind: 'bigint' } },
      { kind: 'dropColumn', table: uuid, column: ['x'] },
    ])
    expect(await madeBy(2)).toBe('altered_table:1')
    const now = await catalog.read(
      'SELECT column_id, column_name, column_type, parent_column, initial_default FROM {M}.ducklake_column WHERE end_snapshot IS NULL ORDER BY column_id',
    )
    expect(
      now.map((c) => [c['column_id'], c['column_name'], c['column_type'], c['parent_column'], c['initial_default']]),
    ).toEqual([
      [1n, 'id', 'int64', null, null],
      [2n, 's', 'struct', null, null],
      [3n, 'a', 'int64', 2n, null],
      [4n, 'b', 'list', 2n, null],
      [5n, 'element', 'varchar', 4n, null],
      [7n, 'w', 'int32', null, '7'],
      [8n, 'c', 'date', 2n, null],
    ])
    await commit([{ kind: 'appendFiles', table: uuid, files: [file(1, '5', '6')] }])
    const stats = await all('ducklake_table_column_stats')
    expect(stats.map((s) => Number(s['column_id'])).toSorted((a, b) => a - b)).toEqual([1, 3, 5, 6])
    expect(await all('ducklake_schema_versions')).toHaveLength(2)
  })

  it('leaves nothing of a table that it creates and drops', async () => {
    const change = table('t')
    const other = table('other')
    await commit([
      change,
      other,
      { kind: 'appendFiles', table: change.uuid, files: [file(3, '1', '2')] },
      { kind: 'dropTable', table: change.uuid },
    ])
    expect(await madeBy(1)).toBe('created_table:"main"."other"')
    for (const name of ['ducklake_table', 'ducklake_schema_versions']) expect(await all(name)).toHaveLength(1)
    expect(await all('ducklake_data_file')).toHaveLength(0)
    expect(await all('ducklake_column')).toHaveLength(6)
  })

  it('deletes positions, the second time in a merged file with the snapshots', async () => {
    const change = table('t')
    await commit([change, { kind: 'appendFiles', table: change.uuid, files: [file(10, '1', '9')] }])
    const asked: Parameters<WriteDeletes>[0][] = []
    const deletes = recordedDeletes(asked)
    const remove = (positions: number[]): Change => ({
      kind: 'deletePositions',
      table: change.uuid,
      file: 0,
      positions,
    })
    await commit([remove([3])], undefined, deletes)
    expect((await all('ducklake_delete_file'))[0]).toMatchObject({
      begin_snapshot: 2n,
      delete_count: 1n,
      partial_max: null,
      data_file_id: 0n,
    })
    await commit([remove([5])], undefined, deletes)
    const [row, ...others] = await all('ducklake_delete_file')
    expect(others).toEqual([])
    expect(row).toMatchObject({ begin_snapshot: 2n, partial_max: 3n, delete_count: 2n, end_snapshot: null })
    expect(asked[1]!.before).toMatchObject({ snapshot: 2, format: 'parquet' })
    expect((await all('ducklake_files_scheduled_for_deletion'))[0]!['path']).toMatch(
      /^main\/t\/ducklake-.*-delete\.parquet$/,
    )
    expect((await all('ducklake_table_stats'))[0]).toMatchObject({ record_count: 10n })
    await commit([remove([0, 1, 2, 4, 6, 7, 8, 9])], undefined, deletes)
    expect((await all('ducklake_data_file'))[0]).toMatchObject({ end_snapshot: 4n })
    expect(asked).toHaveLength(2)
    const ids = (await all('ducklake_snapshot')).map((s) => Number(s['next_file_id']))
    expect(ids.every((id, at) => at < 2 || id > ids[at - 1]!)).toBe(true)
  })

  it('partitions: files have values when the table has keys, and only then', async () => {
    const change = table('t')
    const uuid = change.uuid
    await commit([change, { kind: 'setPartitioning', table: uuid, keys: [{ column: 'id', transform: 'bucket(4)' }] }])
    await expect(commit([{ kind: 'appendFiles', table: uuid, files: [file(1, '1', '1')] }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await commit([{ kind: 'appendFiles', table: uuid, files: [{ ...file(1, '1', '1'), partition: ['3'] }] }])
    expect((await all('ducklake_data_file'))[0]).toMatchObject({ partition_id: 2n })
    expect(await all('ducklake_file_partition_value')).toMatchObject([
      { partition_key_index: 0n, partition_value: '3' },
    ])
    await commit([{ kind: 'setPartitioning', table: uuid, keys: [] }])
    await commit([{ kind: 'appendFiles', table: uuid, files: [file(1, '1', '1')] }])
    expect((await all('ducklake_data_file')).at(-1)).toMatchObject({ partition_id: null })
  })

  it('keeps its time behind that of the snapshot before when the clock goes back', async () => {
    await catalog.run(
      `UPDATE {M}.ducklake_snapshot SET snapshot_time = CAST('2999-01-01 00:00:00.123456+00' AS TIMESTAMPTZ)`,
    )
    await commit([table('t')])
    const [, row] = await catalog.read(
      'SELECT CAST(epoch_us(snapshot_time) AS VARCHAR) AS t FROM {M}.ducklake_snapshot ORDER BY snapshot_id',
    )
    expect(row!['t']).toBe('32472144000123457')
  })

  it('renames, comments, views and schemas', async () => {
    const change = table('t')
    const schema = uuidV7()
    const view = uuidV7()
    await commit([
      { kind: 'createSchema', uuid: schema, name: 'a b' },
      change,
      { kind: 'createView', uuid: view, schema, name: 'v', sql: 'SELECT 1 AS one' },
      { kind: 'comment', on: 'table', object: change.uuid, text: 'first' },
    ])
    expect(await madeBy(1)).toBe('created_schema:"a b",created_table:"main"."t",created_view:"a b"."v"')
    await commit([
      { kind: 'renameTable', table: change.uuid, name: 'u' },
      { kind: 'comment', on: 'table', object: change.uuid, text: 'second' },
      { kind: 'comment', on: 'table', object: change.uuid, column: ['s', 'a'], text: 'col' },
    ])
    expect(await madeBy(2)).toBe('created_table:"main"."u",altered_table:2')
    const names = await all('ducklake_table')
    expect(names.map((t) => [t['table_id'], t['table_name'], t['path'], t['end_snapshot']])).toEqual([
      [2n, 't', 't/', 2n],
      [2n, 'u', 't/', null],
    ])
    expect((await all('ducklake_tag')).map((t) => [t['value'], t['end_snapshot']])).toEqual([
      ['first', 2n],
      ['second', null],
    ])
    await expect(commit([{ kind: 'dropSchema', schema }])).rejects.toThrow(/not empty: v/)
    await commit([
      { kind: 'dropView', view },
      { kind: 'dropSchema', schema },
    ])
    expect(await madeBy(3)).toBe('dropped_schema:1,dropped_view:3')
  })
})

describe('a commit on what is not the newest', () => {
  it('goes with appends of others, with new ids', async () => {
    const change = table('t')
    await commit([change])
    await commit([{ kind: 'appendFiles', table: change.uuid, files: [file(4, '1', '4')] }], 1)
    expect(await commit([{ kind: 'appendFiles', table: change.uuid, files: [file(6, '2', '9')] }], 1)).toBe(3)
    expect((await all('ducklake_data_file')).map((f) => f['row_id_start'])).toEqual([0n, 4n])
  })

  it('conflicts as DuckLake says, naming the table and the other commit', async () => {
    const change = table('t')
    const uuid = change.uuid
    const deletes = recordedDeletes()
    const append: Change = { kind: 'appendFiles', table: uuid, files: [file(10, '1', '4')] }
    await commit([change, append, { ...append, files: [file(10, '5', '9')] }])
    const remove = (data: number, at: number): Change => ({
      kind: 'deletePositions',
      table: uuid,
      file: data,
      positions: [at],
    })
    await commit([remove(0, 1)], 1, deletes)
    await expect(commit([remove(0, 2)], 1, deletes)).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      message: expect.stringMatching(/^"t" was changed by another commit first \(snapshot 2\): it deleted rows of it/),
    })
    expect(await commit([remove(1, 2)], 1, deletes)).toBe(3)
    await expect(commit([append], 1)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    await commit([{ kind: 'addColumn', table: uuid, into: [], column: { name: 'v', type: { kind: 'date' } } }], 1)
    await expect(commit([append], 3)).rejects.toThrow(/it altered it/)
    await commit([{ kind: 'dropTable', table: uuid }])
    await expect(commit([append], 4)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    await expect(commit([append])).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    await commit([table('t')], 5)
    await expect(commit([table('T')], 5)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    await expect(commit([table('T')])).rejects.toThrow('There is a table "t" in schema "main" already.')
  })

  it('conflicts when what others did is not told any more', async () => {
    const change = table('t')
    await commit([change])
    await commit([table('u')])
    await commit([table('v')])
    await catalog.run('DELETE FROM {M}.ducklake_snapshot_changes WHERE snapshot_id = 2')
    await expect(commit([{ kind: 'appendFiles', table: change.uuid, files: [file(4, '1', '4')] }], 1)).rejects.toThrow(
      /not in the lake's history any more/,
    )
  })
})
