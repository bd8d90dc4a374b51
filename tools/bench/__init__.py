"""What pages cost, as multiples of a reference page that is measured in the same run.

    python -m tools.bench          on SQLite and on PostgreSQL; exits 1 where a row falls short

Data are made once in var/bench and in a database `bewijskracht_bench`, and kept between runs.
"""
