import { describe, expect, it } from 'vitest'
import { parseChangesMade } from '../snapshot/changes-made.ts'
import { conflictOf } from './conflict.ts'

const schemas = new Map([
  [0, 'main'],
  [7, 'sales'],
])

function isConflict(mine: string, theirs: string, files: { touched?: number[]; deleted?: number[] } = {}): boolean {
  const others = [{ snapshot: 5, made: parseChangesMade(theirs) }]
  const filesTouched = new Map((files.touched ?? []).map((file) => [file, 5]))
  return (
    conflictOf(parseChangesMade(mine), others, { schemas, filesTouched, filesDeleted: files.deleted ?? [] }) !==
    undefined
  )
}

/** DuckLake's matrix: what I do to table 1, against what others did to it. */
const table: Readonly<Record<string, string>> = {
  dropped_table: 'dropped_table',
  inserted_into_table: 'dropped_table altered_table deleted_from_table inlined_delete',
  inlined_insert: 'dropped_table altered_table deleted_from_table inlined_delete',
  deleted_from_table:
    'dropped_table altered_table merge_adjacent rewrite_delete compacted_table inserted_into_table inlined_insert inlined_delete',
  inlined_delete: 'dropped_table altered_table inlined_delete inline_flush inserted_into_table inlined_insert',
  inline_flush: 'dropped_table inlined_delete inline_flush',
  merge_adjacent: 'dropped_table deleted_from_table inlined_delete merge_adjacent rewrite_delete compacted_table',
  rewrite_delete: 'dropped_table deleted_from_table inlined_delete merge_adjacent rewrite_delete compacted_table',
  altered_table: 'dropped_table altered_table',
}
const theirs =
  'dropped_table inserted_into_table deleted_from_table altered_table inlined_insert inlined_delete inline_flush merge_adjacent rewrite_delete compacted_table'.split(
    ' ',
  )

describe('two commits of one table', () => {
  for (const [mine, conflicting] of Object.entries(table)) {
    it(`${mine} conflicts with ${conflicting}`, () => {
      const found = theirs.filter((other) => isConflict(`${mine}:1`, `${other}:1`))
      expect(found.toSorted()).toEqual(conflicting.split(' ').toSorted())
      for (const other of theirs) expect(isConflict(`${mine}:1`, `${other}:2`)).toBe(false)
    })
  }

  it('may both delete, but not in the same file', () => {
    const deletes = 'deleted_from_table:1'
    expect(isConflict(deletes, deletes, { touched: [3], deleted: [4] })).toBe(false)
    expect(isConflict(deletes, deletes, { touched: [3, 4], deleted: [4] })).toBe(true)
  })
})

describe('two commits of objects', () => {
  it.each([
    ['created_schema:"a"', 'created_schema:"A"', true],
    ['created_schema:"a"', 'created_schema:"b"', false],
    ['created_table:"main"."t"', 'created_table:"main"."T"', true],
    ['created_table:"main"."t"', 'created_view:"main"."t"', true],
    ['created_view:"main"."t"', 'created_table:"sales"."t"', false],
    ['created_table:"sales"."t"', 'dropped_schema:7', true],
    ['created_table:"main"."t"', 'dropped_schema:7', false],
    ['dropped_schema:7', 'created_view:"sales"."v"', true],
    ['dropped_schema:7', 'created_view:"main"."v"', false],
    ['dropped_schema:7', 'dropped_schema:7', true],
    ['created_scalar_macro:"main"."m"', 'created_table_macro:"main"."m"', false],
    ['created_scalar_macro:"main"."m"', 'created_scalar_macro:"main"."m"', true],
    ['created_table:"main"."m"', 'created_scalar_macro:"main"."m"', false],
    ['dropped_view:3', 'dropped_view:3', true],
    ['altered_view:3', 'dropped_view:3', true],
    ['altered_view:3', 'altered_view:4', false],
  ])('%s × %s: %s', (mine, other, expected) => {
    expect(isConflict(mine, other)).toBe(expected)
  })
})
