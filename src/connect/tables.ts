/**
 * Rows of tables and views by their names, for `db.table('name')` and as `Tables['name']`. Empty until a declaration adds to it:
 * `lakefront typegen` writes one.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Tables {}
