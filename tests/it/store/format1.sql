-- A journal as the first database format kept it: no chain, no stored fold.
PRAGMA application_id = 0x4469616c;
PRAGMA user_version = 1;
CREATE TABLE entries (
  sequence INTEGER PRIMARY KEY,
  line TEXT NOT NULL,
  kind TEXT GENERATED ALWAYS AS (line ->> 'event'),
  at TEXT GENERATED ALWAYS AS (line ->> 'at'),
  run TEXT GENERATED ALWAYS AS (line ->> 'run'),
  tenant TEXT GENERATED ALWAYS AS (line ->> 'tenant')
) STRICT;
CREATE TABLE leases (tenant_id TEXT PRIMARY KEY, token INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO leases VALUES ('87d349ed-44d7-43e1-9a83-000000000001', 7);
INSERT INTO entries (sequence, line) VALUES
  (1, '{"v":1,"at":"2027-01-15T08:00:00Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"began","steps":4}'),
  (2, '{"v":1,"at":"2027-01-15T08:00:01Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"intent","user":"adele@contoso.com","verb":"update","details":[["phoneNumber",{"phone":{"number":"+14255550100","prefix":null}}],["sbcGatewayId",{"gateway":805}]]}'),
  (3, '{"v":1,"at":"2027-01-15T08:00:02Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"outcome","user":"adele@contoso.com","verb":"update","outcome":"accepted","message":null}'),
  (4, '{"v":1,"at":"2027-01-15T08:00:03Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"intent","user":"adele@contoso.com","verb":"enable","details":[]}'),
  (5, '{"v":1,"at":"2027-01-15T08:00:04Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"outcome","user":"adele@contoso.com","verb":"enable","outcome":"accepted","message":null}'),
  (6, '{"v":1,"at":"2027-01-15T08:00:05Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"intent","user":"bert@contoso.com","verb":"disable","details":[],"before":[["phoneNumber",null]]}'),
  (7, '{"v":1,"at":"2027-01-15T08:00:06Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"outcome","user":"bert@contoso.com","verb":"disable","outcome":"unknown","message":"no answer"}'),
  (8, '{"v":1,"at":"2027-01-15T08:00:07Z","run":"r1","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"synced"}'),
  (9, '{"v":1,"at":"2027-01-15T08:00:08Z","run":"r2","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"landed","users":[{"user":"adele@contoso.com","calling":true,"fields":["phoneNumber"]}]}'),
  (10, '{"v":1,"at":"2027-01-15T08:00:08Z","run":"r2","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"began","steps":1}'),
  (11, '{"v":1,"at":"2027-01-15T08:00:09Z","run":"r2","tenant":"contoso","tenantId":"87d349ed-44d7-43e1-9a83-000000000001","event":"intent","user":"carl@contoso.com","verb":"update","details":[["phoneNumber",{"phone":{"number":"+14255550100","prefix":null}}],["sbcGatewayId",{"gateway":805}]]}');
