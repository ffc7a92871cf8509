"""Writes the events of a Bugsink database, one JSON object a line in the order in
which they were digested: the event's data, and what Bugsink made of it."""

import json
import sqlite3
import sys

db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
tags = {}
for event, key, value in db.execute(
    "select t.event_id, k.key, v.value from tags_eventtag t"
    " join tags_tagvalue v on v.id = t.value_id join tags_tagkey k on k.id = v.key_id"
):
    tags.setdefault(event, {})[key] = value
for row in db.execute(
    "select e.id, e.event_id, e.data, e.release, e.last_frame_function, e.issue_id, i.calculated_type, i.calculated_value"
    " from events_event e join issues_issue i on i.id = e.issue_id order by e.project_digest_order"
):
    json.dump(
        {
            "event_id": row[1], "data": json.loads(row[2]), "release": row[3], "last_frame_function": row[4],
            "issue": row[5], "issue_type": row[6], "issue_value": row[7], "tags": tags.get(row[0], {}),
        },
        sys.stdout,
    )
    print()
