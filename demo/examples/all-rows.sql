-- Every flight; the grid takes the first million rows.
SELECT *
FROM 'flights-3m.parquet'
