{#
  Writes a model straight to one Parquet file and leaves a view on it. DuckDB writes a temporary file and renames it, so
  a reader sees the old or the new file. Unlike `external` it keeps an empty result empty (no row of nulls) and makes
  no copy in the database. The contract of the .yml is checked before anything is written.
#}
{% materialization parquet, adapter="duckdb" %}
  {%- set location = config.require('location_root') ~ '/' ~ model['name'] ~ '.parquet' -%}
  {%- set target = this.incorporate(type='view') -%}
  {{ run_hooks(pre_hooks) }}
  {%- if config.get('contract').enforced %}{% do get_assert_columns_equivalent(sql) %}{% endif -%}
  {%- call statement('main') -%}
    copy (
      {{ sql }}
    ) to '{{ location }}' (format parquet, compression zstd, row_group_size 122880)
  {%- endcall -%}
  {%- call statement('view') -%}
    create or replace view {{ target }} as select * from read_parquet('{{ location }}')
  {%- endcall -%}
  {{ run_hooks(post_hooks) }}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
