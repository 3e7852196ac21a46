/**
 * SQL for the folder of each table below the lake's data path, `folders(table_id, folder, is_relative)`: where `is_relative` is false, `folder` says by
 * itself where it is.
 */
export const foldersSql: string = `
  SELECT t.table_id, any_value(CASE WHEN coalesce(t.path_is_relative, true) THEN coalesce(s.path, '') || coalesce(t.path, '') ELSE t.path END) AS folder,
    bool_and(coalesce(t.path_is_relative, true) AND coalesce(s.path_is_relative, true)) AS is_relative
  FROM {M}.ducklake_table t LEFT JOIN (SELECT schema_id, any_value(path) AS path, any_value(path_is_relative) AS path_is_relative FROM {M}.ducklake_schema GROUP BY schema_id) s
    USING (schema_id)
  GROUP BY t.table_id`

/** SQL for a file's path below the data path, of rows of a table of files called `f` joined with {@link foldersSql} as `d`. */
export const pathSql: string = `CASE WHEN coalesce(f.path_is_relative, true) THEN coalesce(d.folder, '') || f.path ELSE f.path END`
export const isRelativeSql: string = `(coalesce(f.path_is_relative, true) AND coalesce(d.is_relative, true))`

/** SQL for every file the catalog needs or still has: `id, path, is_relative`, paths below the data path. */
export const knownFilesSql: string = `
  SELECT f.data_file_id AS id, ${pathSql} AS path, ${isRelativeSql} AS is_relative FROM {M}.ducklake_data_file f LEFT JOIN (${foldersSql}) d USING (table_id)
  UNION ALL
  SELECT f.delete_file_id, ${pathSql}, ${isRelativeSql} FROM {M}.ducklake_delete_file f LEFT JOIN (${foldersSql}) d USING (table_id)`
