// SPDX-License-Identifier: Apache-2.0
// Every bound of the program, each with its reason; sizes that add up to the memory that is taken
// at start. `mailferry limits` prints the pools with these numbers. Configurable ones are defaults
// here and say so. Sections follow the layers.
#ifndef LIMITS_H
#define LIMITS_H

#include "base/types.h"

// ---- codec
#define JSON_DEPTH_MAX 64      // nesting of a JSON value; the APIs spoken need 8
#define JSON_KEY_BYTES 128     // longest key, decoded, that a stream's path can name
#define GZIP_FREE_BYTES MIB(4) // unpacked bytes of an answer before the ratio is looked at
#define GZIP_RATIO_MAX 200     // unpacked to packed: JSON and HTML reach 50, a bomb 1,000
#define CRON_TEXT_BYTES 1024   // of a Quartz expression; a list of 60 minutes has 170
#define REGEX_PROGRAM_MAX \
    4096                   // instructions of one pattern, its repeats written out: .{1000} is 1,000
#define REGEX_DEPTH_MAX 64 // groups within each other
#define REGEX_NAMES_MAX 64 // named groups of one pattern
#define MIME_DEPTH_MAX 32  // nested multiparts: real mail stays below 10
#define MIME_PARTS_MAX 1000        // parts looked at in one mail; then the raw mail is taken
#define MIME_SCRATCH_BYTES KIB(64) // tables of a mail besides its text: 48 bytes a part
#define MIME_BOUNDARY_BYTES 250    // RFC 2046 allows 70; a longer one makes the mail go raw
#define MIME_PARAM_PIECES 40       // pieces of one RFC 2231 parameter that are joined
#define MIME_LINE_BYTES 78 // of header lines and 7-bit bodies written (RFC 5322, section 2.1.1)
#define HTML_DEPTH_MAX \
    1024 // open elements known by name; newsletters nest 150, soup leaves 900 open
#define HTML_BLANK_BYTES 1024 // of a text node that is white space so far; real ones reach 64
#define HTML_PIECE_BYTES 256  // text shorter than this is gathered, longer text is given in place

#define LDAP_MESSAGE_BYTES KIB(64) // one answer: an entry with its addresses has 200 bytes
#define LDAP_FILTER_DEPTH 16       // filters within each other; ours have 3

// ---- codec/xml
#define XML_DEPTH_MAX 300       // open elements: item attachments nest 255 deep
#define XML_GATHER_BYTES 448    // of short pieces of text that are handed out as one
#define XML_TAG_BYTES KIB(16)   // one tag: EWS has attributes of 512 bytes, ten of them at most
#define XML_VALUES_BYTES KIB(2) // of one tag's attributes that had to be decoded
#define XML_ATTRIBUTES_MAX 32   // of one tag, declarations of namespaces included
#define XML_NAMESPACES_MAX 64   // declared in open elements, repetitions not counted
#define XML_JUNK_BYTES KIB(4)   // before the first tag, blanks not counted

// ---- codec/http1
#define HTTP_HEAD_BYTES KIB(16) // status line and headers of an answer
#define HTTP_HEADERS_MAX 100
#define HTTP_CHUNK_LINE_BYTES 256 // size and extensions of one chunk
#define HTTP_TRAILER_BYTES KIB(4)
#define HTTP_OVERHEAD_FREE_BYTES \
    KIB(16)                       // chunk framing before its share of the content is looked at
#define HTTP_OVERHEAD_RATIO_MAX 8 // framing to content: 1-byte chunks cost 5

// ---- os
#define LOG_LINE_BYTES KIB(1)
#define LOG_FACTS_MAX 8
#define LOG_PER_CODE 20         // lines of one error code a minute
#define STACK_BYTES KIB(256)    // touched before the seal
#define WRITE_BYTES KIB(4)      // PIPE_BUF of Linux (pipe(7))
#define WRITE_STOP_WAIT_MS 5000 // a reader that takes nothing is awaited so long after a signal
#define SHARED_FILES_MAX 256  // for the extraction service: a lane each, and no more than POLL_MAX
#define SHARED_READS_MAX 4096 // of their folder, for what others left: 30,000 entries at least
#define STATUS_BYTES KIB(3)   // of /proc/self/status: it has 1.5 KB, VmHWM in its first half
#define POLL_MAX \
    256 // descriptors of one wait: connections, twice as many look-ups as servers, signals

// ---- net
#define DNS_SERVERS_MAX 3          // as resolv.conf(5)
#define DNS_SEARCH_MAX 6           // as resolv.conf(5)
#define DNS_NAME_BYTES 256         // RFC 1035: 255 octets
#define DNS_ADDRS_MAX 8            // addresses of one name that are tried
#define DNS_PACKET_BYTES KIB(4)    // of an answer by TCP; 8 addresses and their CNAMEs need 1
#define DNS_DATAGRAM_BYTES 1500    // an answer by UDP is at most 512 without EDNS
#define DNS_READS_MAX 16           // datagrams looked at in one step
#define DNS_CNAME_MAX 16           // in one answer; content networks use up to 5
#define DNS_SECOND_WAIT_MS 500     // for AAAA once A is there, or the reverse
#define EXCHANGE_TIMEOUT_MS 300000 // one whole exchange, unless the machine asks for another
#define EXCHANGE_FIRST_BYTE_MS 120000
#define EXCHANGE_TARGET_BYTES KIB(4)
#define EXCHANGE_HEADERS_BYTES KIB(8) // a bearer token is up to 4 KiB
#define EXCHANGE_DETAIL_BYTES 512
#define EXCHANGE_ANSWER_BYTES MIB(256) // unpacked: a Gmail message has 67 MB, unless one asks for
#define EXCHANGE_FILE_BYTES MIB(4096)  // an attachment: 2 GB, Exchange's most, in base64
#define EXCHANGE_PAGE_BYTES MIB(16)    // a page of ids or users: 2 MB
#define EXCHANGE_TOKEN_BYTES KIB(64)   // a token: 8 KB; error pages of proxies have up to 50
#define RETRY_AFTER_MAX_MS 3600000     // a longer Retry-After counts as an hour
#define TLS_HEAP_BYTES \
    KIB(88) // of one connection: 70 KiB with 140 names in a certificate, 80 KiB with
            // five of 4096 bits and a hundred names
#define TLS_READ_BYTES KIB(16)   // wire bytes read ahead: one system call a record instead of two
#define TLS_FACTS_BYTES 256      // what is wrong with a certificate, in words
#define TLS_READ_ROUNDS_MAX 64   // of one read, two a ticket: servers send 2 or 4 tickets
#define TLS_SESSIONS_MAX 16      // destinations whose last TLS session is kept for resumption
#define TLS_SESSION_BYTES KIB(4) // one of them: ticket and certificate; a larger one is not kept
#define TLS_ROOTS_MAX 400        // certificates of a ca_file: a whole system bundle has 150
#define TLS_ROOTS_HEAP_BYTES KIB(24) // parsing one of them at start
#define TLS_SAME_SUBJECT_MAX 8       // roots of one name: a reissued key makes two
#define CRYPTO_HEAP_BYTES \
    KIB(24) // one private key and a signature in the making: 16 KiB at 4096 bits
#define CRYPTO_DER_BYTES KIB(4)    // a certificate for token requests: 1 KB, 2 at 4096 bits
#define CRYPTO_CERTIFICATES_MAX 16 // of one file: a chain has 2 to 4
#define AUTH_REFUSALS_MAX 2   // logins refused in a row before no other is tried: accounts lock
#define AUTH_PAUSE_MS 10000   // before another login where earlier ones were accepted
#define AUTH_BASIC_BYTES 1024 // user name, colon, password of Basic
#define NTLM_TEXT_BYTES 1024  // a user name, password or host in UTF-16; AD allows 256 letters
#define NTLM_CHALLENGE_BYTES KIB(4) // real ones have 200 to 400 bytes
#define CONN_IN_BYTES KIB(17) // decrypted bytes: a whole head (HTTP_HEAD_BYTES), a whole TLS record
#define CONN_OUT_BYTES \
    (KIB(16) - 16)           // request head and the beginning of its body: one record of TLS 1.3
#define CONN_FACTS_BYTES 320 // why a connection failed, in words
#define CONN_TURN_BYTES \
    KIB(256) // moved for one connection in one turn, so that none starves another
#define CONN_DRAIN_BYTES KIB(64) // of an unwanted answer, read to keep its connection
#define CONN_DRAIN_MS 5000
#define CONN_INTERIM_MAX 16    // 1xx answers before the real one
#define LOOP_WATCH_MAX 8       // descriptors that a caller waits for besides
#define CONN_RESOLVERS 8       // look-ups at the same time
#define GZIP_READERS 8         // inflated answers at the same time; beyond, gzip is not offered
#define GZIP_OUT_BYTES KIB(16) // inflated bytes on their way to the machine

// ---- elastic
#define INDEX_ANSWER_BYTES KIB(64) // an answer of preflight: pipelines can be long
#define SCAN_TRIES 3               // a scroll that the cluster lost is begun again
#define SCAN_PAGE_HITS 1000
#define SCAN_HITS_MAX 1000000000    // listed where the index does not say how many it has
#define SCAN_SCROLL_ID_BYTES KIB(8) // grows with the shards of the index
#define SCAN_REST_BYTES KIB(16)     // an answer without its hits
#define SCAN_ELEMENT_BYTES KIB(8)   // one hit: an id of 512 bytes escaped, an owner, a time stamp
#define BULK_ACTION_BYTES KIB(4)  // action line: an index name (255) and an id (512), both escaped
#define BULK_VERDICT_BYTES KIB(8) // one verdict, or the beginning of an error answer
#define BULK_PAUSE_MS 250        // after an answer that took some items and refused others; doubles
#define BULK_PATIENCE 3          // refusals (429) of a whole request before it is made smaller
#define BULK_REGROW_REQUESTS 100 // taken whole, before requests that had become smaller double
#define BULK_HEAVY_BYTES \
    KIB(256)                 // a document refused alone (429) is to blame itself, not the weather
#define BULK_MACHINES_MAX 33 // bulk.max_concurrency is 32 at most, and the lone flight
#define BULK_PIPELINE_BYTES 256  // name of a pipeline
#define ELASTIC_ID_BYTES 512     // longest _id that Elasticsearch takes
#define ELASTIC_REASON_BYTES 300 // of the server's words about one error
#define ELASTIC_NODES 128        // JSON values in an error answer or a verdict: 26 when all is well
#define SCAN_NODES 512           // JSON values in one hit; an owner list may be long
#define ERROR_WINDOW_MAX 1000
#define SEARCH_REST_BYTES KIB(2) // a search answer without its hits; failed shards give reasons
#define CALL_PATH_BYTES 160      // of a request's path, in what people read about its failure

// ---- source/gmail
#define GMAIL_ACCOUNT_BYTES \
    KIB(16)                        // the file of a service account: 2.4 KB with a key of 2,048 bits
#define GMAIL_KEY_BYTES KIB(8)     // its private key in PEM: 3.3 KB with 4,096 bits
#define GMAIL_FIELD_BYTES 512      // one of its other fields
#define GMAIL_ACCOUNT_NODES 128    // JSON nodes of it: 14 fields, scopes, claims
#define GMAIL_QUERY_BYTES 2400     // one query of the advanced rules, percent-encoded
#define GMAIL_PING_MS 60000        // one request of a ping
#define GMAIL_CREATED_BYTES 64     // creation time of a user
#define GMAIL_DEST_FIRST (1 << 30) // numbers of the token endpoints that accounts name
#define GMAIL_TOKEN_BYTES KIB(4)   // an access token; Google says 2,048
#define GMAIL_ASSERTION_BYTES \
    KIB(4) // a token request: claims (up to 1.9 KB encoded) and signature (683)
#define GMAIL_ANSWER_BYTES KIB(8)       // a token answer, an error, a page without its elements
#define GMAIL_MESSAGE_REST_BYTES KIB(4) // a message without its text, or an error
#define GMAIL_ERROR_NODES 128           // JSON nodes of an error: real ones have 40
#define GMAIL_PAGE_TOKEN_BYTES KIB(1)
#define GMAIL_PAGE_UNITS 500            // ids or users of one page: the most that Google gives
#define GMAIL_ID_BYTES 64               // of a message id: 16; longer ones are counted and skipped
#define GMAIL_ID_ELEMENT_BYTES 256      // {"id":"..."}
#define GMAIL_USER_ELEMENT_BYTES KIB(4) // one user of the directory, its address escaped
#define GMAIL_SUFFIX_BYTES \
    2560 // members behind _attachment: a time stamp, an address (320), escaped
#define GMAIL_PAGES_MAX 200000 // of one listing: 100 million ids; more is a circle of page tokens
#define GMAIL_RESTARTS_MAX 3   // listings begun again because a page token had expired
#define GMAIL_SOME_MAX 3      // mailboxes refused alike, none having worked: then it is all of them
#define GMAIL_SAMPLE_UNITS 50 // messages of one mailbox whose size a dry run asks for
#define GMAIL_IN_FLIGHT 4     // default of gmail.requests_per_mailbox
#define GMAIL_UNITS_USER_MINUTE 6000 // Google's quota of May 2026; default of gmail.quota_units_...
#define GMAIL_UNITS_PROJECT_MINUTE 1200000
#define GMAIL_UNITS_GET 20
#define GMAIL_UNITS_LIST 5
#define GMAIL_BURST_MS 3000        // quota of so long may be used at once
#define GMAIL_RENEW_MS 300000      // a token is renewed so long before its end
#define GMAIL_DAY_PAUSE_MS 3600000 // pause after "daily limit exceeded"

// ---- source/outlook
#define ENTRA_TENANT_BYTES 256    // a GUID, or a domain: 253 at most (RFC 1035, section 2.3.4)
#define ENTRA_CLIENT_BYTES 64     // a GUID: 36
#define ENTRA_SECRET_BYTES 512    // a client secret: 40 today
#define ENTRA_FILE_BYTES KIB(8)   // a federated token: 1 to 2 KB
#define ENTRA_TOKEN_BYTES KIB(6)  // an access token: 1 to 3 KB, more with many roles
#define ENTRA_ANSWER_BYTES KIB(8) // a token and its surroundings, or an error: 1 KB
#define ENTRA_REQUEST_BYTES \
    (ENTRA_FILE_BYTES + KIB(2))  // a federated token with the rest; an assertion of ours has 1.6 KB
#define ENTRA_NODES 64           // JSON nodes of a token answer or an error: 20
#define ENTRA_RENEW_MS 300000    // a token is renewed so long before its end
#define ENTRA_RETRY_MS 30000     // before that is tried again, when it failed
#define ENTRA_ASSERTION_S 600    // life of an assertion: Microsoft advises 5 to 10 minutes
#define LDAP_COOKIE_BYTES KIB(1) // of paged results: AD's have 20
#define OUTLOOK_DEST_FIRST (1 << 29) // numbers of the servers that records name
#define OUTLOOK_PING_MS 60000        // bind and first page
#define OUTLOOK_DIRECTORY_MS 3600000 // the whole walk over the directory
#define EWS_STATE_BYTES KIB(64)      // a SyncState: tens of KB in large folders; a longer one fails
#define EWS_REQUEST_BYTES (EWS_STATE_BYTES + KIB(8)) // ten ids of 512 bytes, or a state
#define OUTLOOK_REQUESTS 4 // default of outlook.requests: one account may have 27 at a time
#define OUTLOOK_REQUESTS_MAX 16
#define OUTLOOK_IN_FLIGHT 2           // default of outlook.requests_per_mailbox
#define OUTLOOK_SOME_MAX 3            // mailboxes refused alike, none having worked: then it is all
#define OUTLOOK_FIELD_BYTES 512       // of one field of the configuration
#define OUTLOOK_CA_BYTES KIB(96)      // certificates of ssl_ca, and the memory to read them once
#define OUTLOOK_CA_TEXT_BYTES KIB(32) // of their text: 20 certificates
#define OUTLOOK_FOLDER_BYTES KIB(8) // ids of a mailbox's folders without a fixed name: 50 calendars
#define OUTLOOK_PLACE_BYTES 128     // of a folder's display name; longer ones are cut
#define OUTLOOK_PAGE_UNITS 128      // items of one page of a listing
#define OUTLOOK_PAGE_UNITS_MIN 8    // of a page that Exchange finds too large
#define OUTLOOK_PAGES_MAX 100000    // of one folder: 12 million items
#define OUTLOOK_RESTARTS_MAX 3      // of a listing whose state is forgotten, or whose places move
#define OUTLOOK_TRIES_MAX 5         // of items that Exchange leaves out of an answer
#define EWS_CODE_BYTES 64           // of a response code: the longest has 45
#define EWS_TEXT_BYTES 256          // of the words that come with it
#define OUTLOOK_PARTS_BYTES KIB(8)  // attachments of a lane's items that are to be made: 20 to 40
#define OUTLOOK_ATTACHMENTS_MAX 10000 // of one item: Exchange has a limit of 125 for a message
#define OUTLOOK_SMALL_BYTES 320       // of a time, a number, an entry's name
#define OUTLOOK_ITEM_ROOM KIB(12) // written for one event: an owner, and what an item does not have
#define OUTLOOK_FOLDER_PATH_BYTES 1024 // of extraction_service.shared_volume_dir: 3,072 encoded
#define EXTRACT_REST_BYTES KIB(4)      // what the extraction service says besides the text
#define EXTRACT_TRIES_MAX 3            // of one file, when connections break
#define OUTLOOK_NAME_BYTES 1024        // of an attachment's name; longer ones are cut
#define GRAPH_IN_FLIGHT 4       // requests to one mailbox at a time: Microsoft's limit for one app
#define GRAPH_LINK_BYTES KIB(3) // of a link to the next page, without scheme and host: up to 1.5 KB
#define GRAPH_PAGE_UNITS 100    // items of one page, with bodies: more end in time-outs
#define GRAPH_IDS_UNITS 500     // ids of one page of a listing that has nothing else
#define GRAPH_PAGES_MAX 100000  // of one folder: 10 million items
#define GRAPH_RESTARTS_MAX \
    3                       // of one folder's listing, when Graph forgot it or it changed meanwhile
#define GRAPH_UNIT_ROOM 192 // kept free in the queue for a mail's attachments: its id has 152 bytes
#define GRAPH_ROUNDS_MAX 20 // pauses in a row that cost no attempt: then refusals count as failures
#define GRAPH_SAMPLE_IDS 20 // ids of a mailbox that are compared with those of EWS
#define GRAPH_SAMPLE_BYTES KIB(4)    // of them
#define GRAPH_USER_BYTES KIB(8)      // one user of the directory, each byte escaped as six
#define GRAPH_USER_TEXT_BYTES KIB(1) // his name, id and title, decoded
#define GRAPH_REST_BYTES KIB(6)      // an answer to a mailbox without its elements: two links
#define GRAPH_ELEMENT_BYTES KIB(4)   // one calendar, list of tasks or translated id
#define GRAPH_PIECE_BYTES KIB(2)     // of a body of Graph, decoded before it is read as HTML
#define GRAPH_CODE_BYTES 96          // of an error code of Graph: the longest has 50
#define GRAPH_MESSAGE_BYTES 256      // of the words that come with it

// ---- source
#define IDENTITY_ID_BYTES 64 // id of an access control document that is not an address: 32
#define SCHEMA_FIELDS_MAX 16 // fields of a connector's configuration
#define UNIT_ID_BYTES \
    512 // an Exchange id has 152, at most 512; longer ones are counted and skipped
#define UNIT_TIMESTAMP_BYTES 32 // of a unit's _timestamp, in JSON: 22
#define ADDRESS_BYTES 320       // a mail address: 64 + @ + 255 (RFC 5321, section 4.5.3.1)
#define UNIT_QUEUE_BYTES \
    KIB(80) // units queued in one mailbox: a page of 500 Gmail ids, or 128 of Exchange, behind
            // another

// ---- sync
#define LANES 32 // default of limits.lanes: requests for content under way
#define LANES_MAX 64
#define LANE_BYTES KIB(256) // most mails, with their document
#define LANE_MEDIUM_BYTES MIB(4)
#define LANE_MEDIUM 4 // default of limits.medium_buffers
#define LANE_MEDIUM_MAX 16
#define LANE_LARGE_BYTES MIB(72) // Gmail's 50 MB raw as base64 (67 MB) with its surroundings
#define FETCH_DOC_OFFSET BULK_ACTION_BYTES // free bytes before a document, for its action line
#define FETCH_UNITS_MAX 10 // read in one request: Microsoft's advice for items with bodies
#define FETCH_BATCH_BYTES \
    KIB(160)                  // and so many bytes of them, about: their documents fit LANE_BYTES
#define FETCH_DOC_TAIL KIB(2) // free bytes after it, for members that sync adds
#define STATES_FOLDERS 65536  // of outlook.state_file: 9,000 mailboxes of seven folders
#define STATES_RECORD_BYTES KIB(32) // one state there with its head; a longer one is not kept
#define STATES_CONNECTORS 64        // whose states may be in one file
#define MAILBOX_OPEN 16 // default of limits.mailbox_open: mailboxes read at the same time
#define MAILBOX_OPEN_MAX 64
#define MAILBOX_QUEUE 1024        // accounts that wait: two pages of the directory
#define MAILBOX_PAGE 500          // accounts of one page
#define MAILBOXES 50000           // default of limits.mailboxes: 20 bytes each
#define IDS 500000                // default of limits.ids: 20 bytes each
#define ACCESS_DOC_BYTES KIB(8)   // an access control document: an address, escaped, three times
#define DOCUMENT_ID_BYTES 32      // MD5 in hex, for ids that are longer than ELASTIC_ID_BYTES
#define SIEVE_STEP_BYTES KIB(256) // of a document's values, looked at by rules in one turn
#define NOTES_MAX 100             // refused and failed mailboxes that a summary names
#define NOTE_DETAIL_BYTES 256
#define ADVICE_MAX 12
#define ADVICE_BYTES 320
#define RULES_MAX 256            // sync rules of one job
#define RULES_TEXT_BYTES KIB(32) // of all their ids, fields, values, and the queries of the snippet
#define RULES_PROGRAM 8192       // instructions of all their patterns; REGEX_PROGRAM_MAX of one
#define RULES_RANGES 2048        // parts of the sets of all their patterns
#define RULES_QUERIES_MAX 64     // queries of an advanced snippet
#define RULES_PIECE_BYTES KIB(4) // of a value, compared in one go: 0.1 s with the slowest pattern
#define PURGE_MIN_DOCUMENTS 100  // below it, purge.max_share does not apply
#define SYSTEMIC_MIN_MAILBOXES 10 // before so many have ended, no share of failures stops a job
#define SYSTEMIC_MIN_ITEMS 100
#define SHARDS_MAX 1000    // processes that share one tenant
#define STOP_WAIT_MS 10000 // flights in the air are awaited so long after a signal

// ---- service
#define CONNECTOR_RECORD_BYTES KIB(256) // one record of a connector or job; real ones have 8 KB
#define CONNECTOR_NODES 16384           // JSON values in it: a value and its key take 16 bytes
#define CONNECTOR_TEXTS_BYTES KIB(48)   // its texts that had to be decoded: a service account has 3
#define VALUES_PATTERN_BYTES KIB(2)     // a regular expression of one field, and its frame
#define VALUES_RANGES_MAX 512           // ranges of its sets
#define VALUES_VALIDATION_NODES 64      // JSON values of the validations in a schema
#define VALUES_TOLD_BYTES 120           // of a value, in what people read about it
#define CONNECTOR_ID_BYTES 512          // as ELASTIC_ID_BYTES
#define CONNECTOR_ERROR_BYTES KIB(8)    // of an error's text: it is a keyword, at most 32766 bytes
#define SERVICE_CONNECTORS_MAX 1024     // connectors that one process serves
#define SERVICE_ID_TEXT_BYTES KIB(64)   // their ids: 20 bytes each as Elasticsearch makes them
#define SERVICE_PAGE 100                // records of one page of a search
#define SERVICE_JOBS_MAX 100            // waiting jobs that one round looks at: the oldest
#define SERVICE_TYPES_MAX 16            // of service.service_types
#define SERVICE_SLOTS_MAX 32            // of one kind of work at the same time
#define SERVICE_CHECK_MS 5000           // a running job is looked at so often
#define SERVICE_STATS_MS 10000          // and its counts are told so often
#define SERVICE_IDLE_S 300              // a job whose last_seen is older has lost its worker
#define SERVICE_STOP_MS 14000           // after a signal: 15 s are promised
#define SERVICE_METADATA_BYTES KIB(2)   // of a job's `metadata`
#define SERVICE_VALIDATION_BYTES KIB(64) // what is wrong with a draft: a message for each rule
#define EXTRACTION_PING_MS 5000
#define PREFLIGHT_BACKOFF_MAX_MS 60000 // between two looks for Elasticsearch at start

#define WORKER_STEPS_MAX 16 // of a routine in one turn; the rest in the next
// ---- service/listener
#define LISTENER_CONNS 4 // probes and scrapers at the same time
#define LISTENER_POLLS (1 + LISTENER_CONNS)
#define LISTENER_IN_BYTES KIB(4) // head of a request
#define METRICS_BYTES KIB(128)   // one page: 64 connectors with 25 lines each
#define LISTENER_OUT_BYTES (METRICS_BYTES + 512)
#define METRICS_CONNECTORS 64        // connectors whose ended jobs are counted
#define METRICS_ID_BYTES 128         // of their ids
#define METRICS_CLOSING_BYTES KIB(2) // kept for the heads of the families that follow
#define LISTENER_MS 5000             // from accept to the last byte of the answer

// ---- cli
#define HEALTHCHECK_MS 3000        // all of `mailferry healthcheck`; docker's own default is 30 s
#define CHECK_ATTEMPTS 2           // of a request of `mailferry check`: a blip is none
#define CHECK_CONNECT_MS 10000     // name, TCP and TLS of one: who waits wants to know
#define CHECK_ACCOUNTS 500         // of the directory that it counts: a page
#define CHECK_MAILBOXES 8          // of them that it tries until it may read one
#define CHECK_CERTIFICATE_DAYS 21  // a certificate that ends sooner is warned about
#define CHECK_REQUEST_MS 30000     // of one exchange with its answer
#define CHECK_ANSWER_BYTES KIB(64) // settings of an index; a pipeline only as far as this
#define CHECK_NODES 4096           // JSON values of them
#define CHECK_FOUND_BYTES KIB(1)   // what was found at one hop
#define CHECK_LINE_BYTES KIB(8)    // a hop with its error and advice, each byte escaped as six
#define TABLE_COLUMNS_MAX 8
#define TABLE_CELL_CHARACTERS 80
#define CONFIG_BYTES KIB(256) // config.yml, before and after variables are replaced
#define CONFIG_NODES_MAX 2048
#define CONFIG_DEPTH_MAX 16
#define CONFIG_SCALAR_BYTES KIB(64)  // a service account is 2.4 KiB
#define CONFIG_ARENA_BYTES KIB(1024) // tree, texts and secret files
#define CONFIG_DETAIL_BYTES KIB(2)
#define YAML_HEAP_BYTES KIB(512)      // libyaml's own memory: 167 KiB with the longest scalar
#define START_RESERVE_BYTES MIB(4096) // address space to carve from; what is not used is given back
#define START_FIXED_BYTES \
    MIB(256) // what no setting of limits.ids, limits.mailboxes or bulk changes: 130 at most
#define START_SYNC_BYTES MIB(24)  // a sync besides its ids, lanes and flights
#define START_VISIT_BYTES MIB(4)  // a connector that is looked after
#define START_TEXT_BYTES KIB(64)  // resolv.conf and hosts, each
#define START_CA_BYTES KIB(512)   // a ca_file: a whole system bundle has 220 KB
#define START_VALUES_BYTES MIB(2) // one connector's configuration while it is checked; given back
#define START_SPARE_CONNECTIONS 8 // besides lanes and flights: directory, listings, tokens
#define CONNECTORS_MAX 64
#define CLI_FIXED_BYTES MIB(48) // address space of `connectors`: loop, roots, texts
#define CLI_LAZY_BYTES MIB(16)  // an answer, a table: address space, touched as they grow
#define CLI_TARGET_BYTES KIB(4) // of a request: an id of 512 bytes takes 1,536 encoded
#define CLI_NODES 65536         // JSON values of one answer: an index takes nine
#define CLI_ROWS_MAX 5000       // of one table
#define CLI_PAGE 100            // records of one page of a search
#define CLI_LINE_BYTES KIB(4)   // what is typed in one line: terminals cut there
#define CLI_FILE_BYTES KIB(64)  // of --from-file, and of a file that a value names
#define CLI_CANCEL_TRIES 3      // a job that its worker changes at the same time
#define OPTION_MAILBOXES_MAX 64 // --mailbox ADDR given so often
#define PROGRESS_PER_SECOND 5
#define PROGRESS_PLAIN_MS 10000
#define PROGRESS_MAILBOXES 10 // lines of single mailboxes on a terminal
#define SUMMARY_BYTES \
    KIB(512) // NOTES_MAX mailboxes and ADVICE_MAX sentences, each byte escaped as six

#endif
