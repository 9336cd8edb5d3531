{#
  Leaves a view on every staging file that an earlier run built, so that feature views can be built alone in a fresh
  scratch database. A model that this run builds replaces its view.
#}
{% macro register_built_files() %}
  {%- if execute and flags.WHICH in ("run", "build", "test", "docs", "generate", "show") -%}
    {%- for node in graph.nodes.values() | selectattr("resource_type", "equalto", "model") -%}
      {%- set location = node.config.location_root ~ "/" ~ node.name ~ ".parquet" -%}
      {%- if node.config.materialized == "parquet"
            and run_query("select count(*) from glob('" ~ location ~ "')").columns[0].values()[0] > 0 -%}
        {%- set relation = api.Relation.create(
              database=node.database, schema=node.schema, identifier=node.alias, type="view") -%}
        {%- do adapter.create_schema(relation) -%}
        {%- do run_query("create or replace view " ~ relation ~ " as select * from read_parquet('" ~ location ~ "')") -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}
