/**
 * What statements that change rows, or write files anew, call columns which are not of the table. U+FFFF is no character, so that no column of anybody is
 * called so; SQL takes it for a letter.
 */
export const ownColumns = {
  file: '\uFFFFfile',
  name: '\uFFFFname',
  position: '\uFFFFposition',
  rowId: '\uFFFFrow_id',
  snapshot: '\uFFFFsnapshot',
  keep: '\uFFFFkeep',
  source: '\uFFFFsource',
  step: '\uFFFFstep',
  key: '\uFFFFkey',
} as const

/** Columns that tell which row of the table a row takes the place of; they come before all others. */
export const identityColumns: readonly string[] = [
  ownColumns.file,
  ownColumns.position,
  ownColumns.rowId,
  ownColumns.keep,
]
