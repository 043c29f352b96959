-- A store of layout 1, as robustlaw 0.1.0 wrote it.
PRAGMA application_id = 1380733783;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
BEGIN TRANSACTION;
CREATE TABLE cells (
    key TEXT PRIMARY KEY,
    study TEXT NOT NULL,
    version INTEGER NOT NULL,
    config TEXT NOT NULL,
    status TEXT NOT NULL,
    result TEXT,
    error_type TEXT,
    error_message TEXT,
    error_traceback TEXT,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    environment TEXT NOT NULL REFERENCES environments (digest)
);
INSERT INTO "cells" VALUES('60c9c829565e8d5890dbd16f94c96b24cb25c0ce268be76643a1463742f1c870','toy',1,'{"seed":0}','ok','{"value":0.9417154046806644,"tiny":2.1028579041542e-310,"many":[0.25891675029296335,0.25891675029296335,0.25891675029296335]}',NULL,NULL,NULL,1.47068999922339571639e-04,1,'925fff4dd7f0878a7576f1c02e9c471bab8a10759376bc8d0c28e26e16417958');
INSERT INTO "cells" VALUES('6c54512f22b019d7747c768d5bacfabeeb918036f25bc1502e553dd6d3afc462','toy',1,'{"do":"raise","seed":2}','failed',NULL,'LookupError','cell 2 has no answer \udcff','Traceback (most recent call last):
  File "toy_study.py", line 31, in _cell
    raise LookupError(f"cell {config[''seed'']} has no answer \udcff")
LookupError: cell 2 has no answer \udcff
',7.17215999884501798078e-04,2,'925fff4dd7f0878a7576f1c02e9c471bab8a10759376bc8d0c28e26e16417958');
INSERT INTO "cells" VALUES('6e1ba4e118cceaebb75d5e602c2aaeb9aa43bda74f73c2334183fd793e74637c','toy',1,'{"do":"return","seed":3,"value":{"curve":[0.1,0.0],"word":"é"}}','ok','{"curve":[0.1,0.0],"word":"é"}',NULL,NULL,NULL,1.08962000012979842722e-04,1,'925fff4dd7f0878a7576f1c02e9c471bab8a10759376bc8d0c28e26e16417958');
INSERT INTO "cells" VALUES('157a1d270a42ef91fdc8b88939341340dd29ddc65a7e38d4fdbc28aa1df0bacd','toy',1,'{"group":2,"seed":1}','ok','{"value":1.2881847531554629,"tiny":3.81887309488304e-310,"many":[0.2550690257394217,0.2550690257394217,0.2550690257394217]}',NULL,NULL,NULL,1.4989300007073325105e-04,1,'925fff4dd7f0878a7576f1c02e9c471bab8a10759376bc8d0c28e26e16417958');
CREATE TABLE environments (digest TEXT PRIMARY KEY, json TEXT NOT NULL);
INSERT INTO "environments" VALUES('925fff4dd7f0878a7576f1c02e9c471bab8a10759376bc8d0c28e26e16417958','{"blas":null,"device":"cpu","numpy":"2.4.6","python":"3.11.7","robustlaw":"0.1.0","threads":{"OMP_NUM_THREADS":"1","torch":null},"torch":null}');
CREATE INDEX cells_by_study ON cells (study, version, status);
COMMIT;
