# SPDX-License-Identifier: Apache-2.0
#
# mailferry: `make` builds build/mailferry, `make check` tests it, `make help` lists the rest.
#
# Everything is built into build/, in folders by variant:
#   release   musl, static-pie, hardened: what ships
#   ubsan     musl, our files with -fsanitize=undefined in trap mode: unit tests
#   asan      glibc, ASan and UBSan, third-party code too: unit tests and replay of the fuzz corpus
#   fortify   glibc, -D_FORTIFY_SOURCE=3 (which does nothing on musl): unit tests
#   host      glibc: the fake tenant, with an mbedTLS that can serve
#   fuzz      clang, libFuzzer: `make fuzz`
#   afl       afl-clang-fast, the same targets for AFL++: `make afl`
#   gcov      glibc, no optimisation, gcc's counters: `make coverage`
# Paths are relative and nothing asks for the time, so that two builds in two places agree to the byte.

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all check interop mutants demo lint stack fuzz afl coverage repro bench serve-run limits clean help FORCE test-programs format list-sources sim soak prove

VERSION := $(shell cat VERSION)
CC := gcc
CLANG := clang-14
AR := ar
# The default goal builds on all cores unless the caller said otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
ifeq ($(V),1)
Q :=
SAY := @:
else
Q := @
SAY := @printf '%-8s %s\n'
endif

all: build/mailferry

help:
	@echo 'make          build/mailferry'
	@echo 'make check    all tests; ends with "N passed, N failed"'
	@echo 'make interop  those of them that ask the programs of others: Samba, OpenLDAP, exchangelib ...'
	@echo 'make mutants  breaks the program in many places, one at a time: does a test notice? tests/mutants/README.md'
	@echo 'make demo     a sync of a fake tenant on this machine [SOURCE=gmail|outlook-server|outlook-cloud]'
	@echo 'make lint     formatting, static analysis, the rules of the project'
	@echo 'make prove    what is true of parsers for every input up to a bound, tests/prove/README.md'
	@echo 'make stack    how deep the stack can get, from the machine code'
	@echo 'make fuzz T=json SECS=60'
	@echo 'make afl T=json SECS=60'
	@echo 'make coverage lines and branches that tests reach, build/coverage/index.html'
	@echo 'make sim SEEDS=1000 FIRST=1; make soak MINUTES=60    the simulation, tests/sim/README.md'
	@echo 'make bench    the speed figures of README.md'
	@echo 'make serve-run MINUTES=10    a service with a schedule each minute, stopped and killed on the way'
	@echo 'make limits   every pool and bound'
	@echo 'make repro    two builds in two places, byte by byte the same'

# ---- what there is -------------------------------------------------------------------------------

SRC := src/main.c \
  $(addprefix src/base/,arena.c buf.c copy.c date.c err.c hash.c idset.c plan.c str.c) \
  $(addprefix src/codec/,base64.c ber.c charset.c charset_cjk.c charset_tables.c cron.c gzip.c \
    html.c html_entities.c html_node.c html_tables.c html_tag.c html_tokens.c html_tree.c http1.c \
    json.c json_grammar.c json_pretty.c json_stream.c json_write.c ldap.c ldap_filter.c ldap_text.c md4.c mime.c mime_addr.c mime_cte.c mime_date.c \
    mime_encode.c mime_fold.c mime_head.c mime_param.c mime_scan.c mime_text.c mime_tree.c \
    mime_words.c number.c regex.c regex_parse.c \
    regex_run.c regex_tables.c regex_unicode.c spnego.c url.c xml.c xml_scan.c xml_tag.c xml_text.c) \
  $(addprefix src/os/,log.c log_form.c os_file.c os_linux.c os_shared.c os_socket.c os_store.c os_terminal.c seal.c seal_try.c) \
  $(addprefix src/net/,auth.c bearer.c conn.c conn_auth.c conn_body.c conn_start_tls.c conn_stream.c \
    conn_talk.c crypto.c dns.c dns_config.c dns_packet.c exchange.c loop.c loop_task.c ntlm.c \
    proxy.c retry.c tls.c tls_gcm.c tls_heap.c tls_roots.c tls_session.c tls_verify.c) \
  $(addprefix src/elastic/,answers.c bulk.c bulk_answer.c bulk_flight.c bulk_verdict.c call.c \
    client.c connector.c connector_body.c index.c index_count.c monitor.c record.c scan.c \
    sync_job.c sync_job_body.c) \
  $(addprefix src/source/outlook/,entra_account.c entra_error.c entra_roles.c entra_token.c ews_answer.c ews_error.c ews_request.c ews_tags.c graph_answer.c graph_attachment.c graph_error.c graph_id.c graph_item.c graph_recurrence.c graph_text.c \
    graph_batch.c graph_batch_part.c graph_call.c graph_check.c graph_content.c graph_fetch.c graph_ids.c graph_light.c graph_link.c graph_listing.c graph_page.c graph_sets.c graph_users.c outlook.c \
    outlook_attachment.c outlook_batch.c outlook_bind.c outlook_ca.c outlook_call.c outlook_check.c outlook_configure.c outlook_directory.c outlook_extract.c \
    outlook_fetch.c outlook_find.c outlook_folders.c outlook_identity.c outlook_item.c outlook_items.c outlook_listing.c \
    outlook_parts.c outlook_place.c outlook_recurrence.c outlook_schema.c outlook_steps.c outlook_time.c outlook_token.c outlook_way.c) \
  $(addprefix src/source/gmail/,gmail.c gmail_account.c gmail_answer.c gmail_configure.c \
    gmail_directory.c gmail_error.c gmail_identity.c gmail_listing.c gmail_mailbox.c \
    gmail_message.c gmail_ping.c gmail_quota.c gmail_schema.c gmail_shape.c gmail_token.c) \
  $(addprefix src/source/,access_query.c source.c) \
  $(addprefix src/sync/,access.c advice.c buffers.c document.c flights.c job.c job_run.c job_states.c \
    job_view.c lane.c lane_take.c lane_verdict.c mailboxes.c purge.c roster.c rules.c rules_decide.c rules_read.c \
    rules_text.c rules_validate.c rules_walk.c shard.c sieve.c sink.c states.c stats.c) \
  $(addprefix src/service/,budget.c classes.c filter.c cleanup.c decide.c draft.c engine.c execute.c finish.c license.c \
    listener.c metrics.c open.c ping.c preflight.c prepare.c registry.c round.c runner.c runner_watch.c \
    schedule.c service.c values.c values_check.c values_text.c visit.c worker.c) \
  $(addprefix src/cli/,check_ask.c check_cloud.c check_command.c check_elastic.c check_outlook.c check_source.c check_tell.c commands.c config.c config_check.c config_fields.c config_lists.c \
    config_names.c config_tree.c connectors.c connectors_args.c connectors_call.c \
    connectors_create.c connectors_entry.c connectors_job.c connectors_list.c connectors_login.c \
    connectors_start.c connectors_table.c connectors_values.c console.c \
    healthcheck.c ingest.c ingest_command.c interpolate.c options.c output.c progress.c \
    serve_command.c service_types.c start.c start_config.c start_dest.c start_entra.c start_serve.c \
    start_source.c start_states.c start_volume.c summary.c sync_command.c table.c yaml_heap.c)

TESTS := access advice arena auth base64 ber buf buffers bulk bulk_flight bulk_verdict call charset client \
  config config_tree connector connectors_args connectors_entry copy cron crypto date dns dns_packet document entra_account entra_error entra_token err \
  ews_error gmail_account gmail_directory gmail_error gmail_listing gmail_message gmail_ping gmail_quota \
  gmail_token graph_answer graph_attachment graph_batch graph_content graph_error graph_fetch graph_item graph_link graph_listing graph_recurrence graph_users gzip hash html http1 idset index ingest interpolate job json json_pretty json_write lane ldap ldap_text \
  listener log loop loop_auth loop_stream mailboxes md4 mime monitor ntlm number open outlook_bind outlook_batch outlook_check outlook_configure outlook_directory outlook_extract outlook_fetch outlook_find outlook_item outlook_listing outlook_time options os os_shared os_terminal plan prepare progress proxy purge \
  regex retry roots roster rules rules_validate scan seal seal_calls service_cleanup service_decide service_parts service_runner shard sink spnego states str summary \
  sync_job tls tls_binding tls_gcm url values xml
FUZZ := base64 ber bulk_answer charset chunked config connector cron date dns entra ews_answer exchange gmail_account \
  gmail_directory gmail_error gmail_listing gmail_message gmail_token graph_answer graph_batch graph_item graph_pages graph_users gzip html http1 index_answer \
  interpolate json json_write ldap listener mime ntlm outlook_bind outlook_ca outlook_directory outlook_fetch outlook_find outlook_item outlook_listing proxy regex rules scan_answer spnego tls_gcm url values x509 xml
TENANT := account.c content.c control.c es_admin.c es_bulk.c es_connector.c es_control.c es_doc.c es_double.c \
  es_index.c es_job.c es_query.c es_search.c es_store.c es_system.c es_tree.c \
  ews.c ews_attachment.c ews_auth.c ews_calendar.c ews_control.c ews_find.c ews_folders.c \
  ews_get.c ews_id.c ews_item.c ews_mail.c ews_people.c ews_place.c ews_schema.c ews_shape.c \
  ews_store.c ews_sync.c ews_write.c faults.c \
  entra_assertion.c entra_endpoint.c entra_token.c graph.c graph_batch.c graph_core_answer.c graph_core_call.c graph_core_control.c \
  graph_core_id.c graph_users.c \
  graph_attachment.c graph_calendar.c graph_delta.c graph_event.c graph_mail.c graph_page.c graph_people.c graph_shape.c graph_todo.c \
  ldap_entry.c ldap_filter.c ldap_search.c ldap_server.c \
  google_common.c google_directory.c google_gmail.c google_history.c google_query.c \
  google_quota.c google_token.c main.c output.c server.c stats.c synthetic.c t_ber.c t_gzip.c t_http.c \
  t_json.c t_md.c t_mem.c t_ntlm.c t_response.c t_xml.c tenant.c test_keys.c tls.c

MBEDTLS := aes aesni asn1parse asn1write base64 bignum bignum_core bignum_mod bignum_mod_raw \
  block_cipher chacha20 chachapoly cipher cipher_wrap constant_time ecdh ecdsa ecp \
  ecp_curves ecp_curves_new error gcm hkdf md md5 oid pem pk pk_ecc pk_wrap \
  pkparse platform platform_util poly1305 psa_crypto psa_crypto_aead psa_crypto_cipher \
  psa_crypto_client psa_crypto_driver_wrappers_no_static psa_crypto_ecp psa_crypto_hash \
  psa_crypto_mac psa_crypto_random psa_crypto_rsa psa_crypto_slot_management psa_util rsa \
  rsa_alt_helpers sha1 sha256 sha512 ssl_ciphersuites ssl_client ssl_msg ssl_tls \
  ssl_tls12_client ssl_tls13_client ssl_tls13_generic ssl_tls13_keys x509 x509_crt
# What a server needs besides, and what makes certificates.
MBEDTLS_SERVER := ctr_drbg entropy entropy_poll pkwrite ssl_cache ssl_ticket ssl_tls12_server \
  ssl_tls13_server x509_create x509write x509write_crt
# These run on every byte: best code, and the registers are not wiped at each return.
MBEDTLS_CIPHER := aes aesni gcm
# What signatures and handshakes spend their time in.
MBEDTLS_HOT := $(MBEDTLS_CIPHER) bignum_core bignum_mod_raw sha256
# In what ships, code that runs once a start, a job or a mailbox is built for size.
COLD := cli/% service/% source/% elastic/% sync/% os/% base/date base/err codec/ber \
  codec/charset codec/charset_cjk codec/cron codec/json_pretty codec/ldap% codec/md4 codec/mime_date codec/mime_param codec/mime_tree \
  codec/number codec/regex% codec/spnego codec/url net/crypto net/dns% net/ntlm net/proxy net/retry net/tls_roots \
  net/tls_session net/tls_verify
COLD_release := -Os
# Not these, which see every byte of an item.
WARM := source/outlook/ews_answer source/outlook/ews_tags source/outlook/outlook_item \
  source/outlook/outlook_fetch source/outlook/outlook_attachment \
  source/outlook/graph_item source/outlook/graph_text
LIBYAML := api parser reader scanner
EXPAT := xmlparse xmlrole xmltok
ZLIB := adler32 crc32 deflate inffast inflate inftrees trees zutil

# ---- flags ---------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wswitch-enum -Wvla -Wundef -Wdate-time
HARDEN := -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero
WIPE := -fzero-call-used-regs=used-gpr
# Nothing unwinds in C: the tables would be 75 KB of the image (gdb takes its own from the .debug file).
SECTIONS := -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
MAP := '-ffile-prefix-map=$(CURDIR)=.'
TLS_CONFIG := -Ithird_party/mbedtls -DMBEDTLS_CONFIG_FILE='"tls_config.h"'
TENANT_CONFIG := -Ithird_party/mbedtls -DMBEDTLS_CONFIG_FILE='"tenant_config.h"'
ISYSTEM := -isystem build/src/mbedtls/include -isystem build/src/libyaml/include \
  -isystem build/src/zlib -isystem build/src/jsmn
# -iquote, not -I: our src/limits.h must not stand in for the <limits.h> of libc.
OURS := -std=c2x $(WARN) -iquote src -iquote build/gen $(ISYSTEM) -DZ_SOLO \
  -DMAILFERRY_VERSION='"$(VERSION)"' $(MAP)
# Theirs, without our warnings; each library's own needs are in its rule.
THEIRS := -w $(MAP)
# mbedTLS compares names without bytes by memcmp(NULL, NULL, 0), which C2y allows and UBSan does not.
NULLS := -fno-sanitize=nonnull-attribute
LIBYAML_FLAGS := -Ibuild/src/libyaml/include -include third_party/libyaml/heap.h \
  -DYAML_VERSION_MAJOR=0 -DYAML_VERSION_MINOR=2 -DYAML_VERSION_PATCH=5 -DYAML_VERSION_STRING='"0.2.5"'
ZLIB_FLAGS := -Ibuild/src/zlib -DZ_SOLO
EXPAT_FLAGS := -Ithird_party/expat -DXML_STATIC
EXPAT_HEADERS := -isystem build/src/expat/expat/lib -DXML_STATIC

MUSL := -specs=third_party/musl/static-pie.specs -fPIE
CC_release := $(CC) $(MUSL)
FLAGS_release := -O2 -g $(HARDEN) $(WIPE) $(SECTIONS) -Wframe-larger-than=4096
# Packed relocations: musl's start file knows them, and they are 1 KB instead of 45.
LINK_release := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-z,pack-relative-relocs \
  -Wl,--gc-sections,--build-id=none,--fatal-warnings

CC_ubsan := $(CC) $(MUSL)
FLAGS_ubsan := -O1 -g $(HARDEN) -fsanitize=undefined -fsanitize-undefined-trap-on-error
LINK_ubsan := -Wl,-z,relro,-z,now,-z,noexecstack

CC_asan := $(CC)
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_asan := -fsanitize=address,undefined

CC_fortify := $(CC)
FLAGS_fortify := -O2 -g -D_FORTIFY_SOURCE=3 $(HARDEN)
LINK_fortify := -Wl,-z,relro,-z,now

CC_host := $(CC)
FLAGS_host := -O2 -g
LINK_host :=

CC_fuzz := $(CLANG)
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK_fuzz := -fsanitize=fuzzer,address,undefined

CC_afl := afl-clang-fast
FLAGS_afl := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
LINK_afl := -fsanitize=fuzzer,address,undefined

CC_gcov := $(CC)
FLAGS_gcov := -O0 -g --coverage
LINK_gcov := --coverage -Wl,--wrap=_exit

# mbedTLS and libyaml call back into ours for memory, so neither archive comes first.
GROUP = -Wl,--start-group $(1) -Wl,--end-group

# ---- archives, and what is generated from them ---------------------------------------------------

PINNED := musl musl-debian mbedtls libyaml jsmn zlib roots
UNPACKED := $(PINNED:%=build/src/%.unpacked)
# All that a source file of ours may include exists.
HEADERS := $(UNPACKED) build/gen/pins.h build/gen/limits_table.h \
  third_party/mbedtls/tls_config.h third_party/mbedtls/tenant_config.h

build/dist/fetched: third_party/pins third_party/fetch
	@third_party/need libc6-dev:/usr/include/stdio.h linux-libc-dev:/usr/include/linux/seccomp.h
	$(Q)third_party/fetch $(PINNED)
	$(Q)touch $@

build/src/%.unpacked: build/dist/fetched third_party/unpack
	$(SAY) UNPACK $*
	$(Q)third_party/unpack $*
	$(Q)touch $@

# Not for what ships: an oracle of fuzz_xml, and what build/xml_bench compares with.
build/src/expat.unpacked: third_party/pins third_party/fetch third_party/unpack | build/dist/fetched
	$(SAY) UNPACK expat
	$(Q)third_party/fetch expat
	$(Q)third_party/unpack expat
	$(Q)touch $@

build/musl/built: build/src/musl.unpacked build/src/musl-debian.unpacked third_party/musl/build
	$(SAY) MUSL build/musl
	$(Q)CC='$(CC)' third_party/musl/build "$$(nproc)" </dev/null

build/gen/pins.h: third_party/pins third_party/pins.awk
	@mkdir -p $(@D)
	$(Q)awk -f third_party/pins.awk third_party/pins >$@

build/gen/limits_table.h: src/limits.h src/limits.awk
	@mkdir -p $(@D)
	$(Q)awk -f src/limits.awk src/limits.h >$@

build/gen/roots.c: build/src/roots.unpacked third_party/roots/roots.c third_party/pins
	$(SAY) ROOTS $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c2x -O1 $(WARN) -o build/gen/roots third_party/roots/roots.c
	$(Q)build/gen/roots build/src/roots/mozilla/certdata.txt \
	  "$$(awk '$$1 == "roots" { print $$2 }' third_party/pins)" 150 9 >$@

# ---- the variants --------------------------------------------------------------------------------

# $(1) variant, $(2) mbedTLS configuration, $(3) mbedTLS files, $(4) what the compiler needs first
define VARIANT
# Changes when a flag does: adding a file to a list does not build the world anew.
build/$(1)/flags: FORCE
	$$(shell mkdir -p $$(@D))$$(file >$$@.new,$$(CC_$(1)) $$(OURS) $$(FLAGS_$(1)) $(2) $$(CIPHER_$(1)) \
	  $$(COLD_$(1)) $$(COLD) $$(WARM) $$(MBEDTLS_HOT) $$(THEIRS) $$(NULLS) $$(LIBYAML_FLAGS) $$(ZLIB_FLAGS))
	@cmp -s $$@.new $$@ || mv $$@.new $$@

build/$(1)/src/%.o: src/%.c build/$(1)/flags | $(HEADERS) $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(OURS) $$(FLAGS_$(1)) $(2) $$(if $$(filter-out $$(WARM),$$(filter $$(COLD),$$*)),$$(COLD_$(1))) \
	  -MMD -MP -c -o $$@ $$<

build/$(1)/gen/roots.o: build/gen/roots.c src/net/roots.h build/$(1)/flags | $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(OURS) $$(FLAGS_$(1)) -c -o $$@ $$<

build/$(1)/mbedtls/%.o: build/src/mbedtls.unpacked third_party/mbedtls/tls_config.h \
  third_party/mbedtls/tenant_config.h build/$(1)/flags | $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(THEIRS) $$(FLAGS_$(1)) $$(NULLS) $(2) -Ibuild/src/mbedtls/include \
	  $$(if $$(filter $$*,$$(MBEDTLS_CIPHER)),$$(CIPHER_$(1))) \
	  $$(if $$(filter $$*,$$(MBEDTLS_HOT)),,$$(COLD_$(1))) \
	  -c -o $$@ build/src/mbedtls/library/$$*.c

build/$(1)/libyaml/%.o: build/src/libyaml.unpacked third_party/libyaml/heap.h build/$(1)/flags | $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(THEIRS) $$(FLAGS_$(1)) $$(LIBYAML_FLAGS) $$(COLD_$(1)) \
	  -c -o $$@ build/src/libyaml/src/$$*.c

build/$(1)/zlib/%.o: build/src/zlib.unpacked build/$(1)/flags | $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(THEIRS) $$(FLAGS_$(1)) $$(ZLIB_FLAGS) -c -o $$@ build/src/zlib/$$*.c

build/$(1)/third_party.a: $(3:%=build/$(1)/mbedtls/%.o) $(LIBYAML:%=build/$(1)/libyaml/%.o) \
  $(ZLIB:%=build/$(1)/zlib/%.o) build/$(1)/gen/roots.o Makefile
	$$(SAY) AR $$@
	@rm -f $$@.new
	$$(Q)$$(AR) rcD $$@.new $$(filter %.o,$$^) && mv $$@.new $$@

# All of ours but main, for the test programs to take from.
build/$(1)/mailferry.a: $(patsubst src/%.c,build/$(1)/src/%.o,$(filter-out src/main.c,$(SRC))) Makefile
	$$(SAY) AR $$@
	@rm -f $$@.new
	$$(Q)$$(AR) rcD $$@.new $$(filter %.o,$$^) && mv $$@.new $$@

build/$(1)/tests/%.o: tests/%.c build/$(1)/flags | $(HEADERS) $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(OURS) -iquote tests/unit -Wno-format-truncation $$(FLAGS_$(1)) $(2) -MMD -MP -c -o $$@ $$<

build/$(1)/fuzz/%.o: fuzz/%.c build/$(1)/flags | $(HEADERS) $(4)
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(OURS) $$(FLAGS_$(1)) $(2) -MMD -MP -c -o $$@ $$<

build/$(1)/unit/%: build/$(1)/tests/unit/%.o build/$(1)/mailferry.a build/$(TLS_$(1))/third_party.a
	$$(SAY) LINK $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(FLAGS_$(1)) $$(LINK_$(1)) -o $$@ $$(call GROUP,$$^)
endef

# $(1) variant, $(2) objects that include <expat.h>, $(3) programs that link it
define EXPAT_IN
build/$(1)/expat/%.o: build/src/expat.unpacked third_party/expat/expat_config.h build/$(1)/flags
	$$(SAY) CC $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(THEIRS) $$(FLAGS_$(1)) $$(EXPAT_FLAGS) -c -o $$@ build/src/expat/expat/lib/$$*.c

$(2): OURS += $$(EXPAT_HEADERS)
$(2): | build/src/expat.unpacked
$(3): $$(EXPAT:%=build/$(1)/expat/%.o)
endef

$(eval $(call EXPAT_IN,asan,build/asan/fuzz/fuzz_xml.o,build/asan/replay/fuzz_xml))
$(eval $(call EXPAT_IN,gcov,build/gcov/fuzz/fuzz_xml.o,build/gcov/replay/fuzz_xml))
$(eval $(call EXPAT_IN,fuzz,build/fuzz/fuzz/fuzz_xml.o,build/fuzz/bin/fuzz_xml build/fuzz/plain/fuzz_xml))
$(eval $(call EXPAT_IN,afl,build/afl/fuzz/fuzz_xml.o,build/afl/bin/fuzz_xml))
$(eval $(call EXPAT_IN,release,build/release/tests/bench/xml.o,build/xml_bench))

CIPHER_NATIVE := -O3 -maes -mpclmul -msse4.1 -fzero-call-used-regs=skip
# The names under which src/net/tls_gcm.c, which does whole records, finds mbedTLS's own.
CIPHER_RENAMED := -Dmbedtls_gcm_crypt_and_tag=tls_gcm_portable_crypt \
  -Dmbedtls_gcm_auth_decrypt=tls_gcm_portable_decrypt
CIPHER_release := $(CIPHER_NATIVE) $(CIPHER_RENAMED)
CIPHER_host := $(CIPHER_NATIVE)
CIPHER_asan := -maes -mpclmul -msse4.1 $(CIPHER_RENAMED)
CIPHER_fortify := -maes -mpclmul -msse4.1 $(CIPHER_RENAMED)
CIPHER_gcov := $(CIPHER_fortify)
CIPHER_fuzz := -maes -mpclmul -msse4.1 $(CIPHER_RENAMED)
CIPHER_afl := $(CIPHER_fuzz)
# Whose third-party archive a test program links: the ubsan variant takes the one that ships, and
# nobody counts what of theirs is run.
TLS_release := release
TLS_ubsan := release
TLS_asan := asan
TLS_fortify := fortify
TLS_host := host
TLS_gcov := fortify
TLS_fuzz := fuzz
TLS_afl := afl

$(eval $(call VARIANT,release,$(TLS_CONFIG),$(MBEDTLS),build/musl/built))
$(eval $(call VARIANT,ubsan,$(TLS_CONFIG),$(MBEDTLS),build/musl/built))
$(eval $(call VARIANT,asan,$(TLS_CONFIG),$(MBEDTLS)))
$(eval $(call VARIANT,fortify,$(TLS_CONFIG),$(MBEDTLS)))
$(eval $(call VARIANT,host,$(TENANT_CONFIG),$(MBEDTLS) $(MBEDTLS_SERVER)))
$(eval $(call VARIANT,fuzz,$(TLS_CONFIG),$(MBEDTLS),build/clang))
$(eval $(call VARIANT,gcov,$(TLS_CONFIG),$(MBEDTLS)))
$(eval $(call VARIANT,afl,$(TLS_CONFIG),$(MBEDTLS),build/afl++))

# ---- the program ---------------------------------------------------------------------------------

# The one with symbols is for gdb and perf; what ships is stripped.
build/mailferry.debug: build/release/src/main.o build/release/mailferry.a \
  build/release/third_party.a third_party/noheap.ld
	$(SAY) LINK $@
	$(Q)$(CC_release) $(FLAGS_release) $(LINK_release) -o $@ $(call GROUP,$^)

build/mailferry: build/mailferry.debug
	$(SAY) STRIP $@
	$(Q)strip -o $@ $<

build/tenant: $(TENANT:%.c=build/host/tests/tenant/%.o) \
  $(patsubst src/%.c,build/host/src/%.o,$(filter src/base/%,$(SRC))) build/host/third_party.a
	$(SAY) LINK $@
	$(Q)$(CC_host) $(FLAGS_host) $(LINK_host) -o $@ $(call GROUP,$^)

build/badnet: build/host/tests/badnet/badnet.o
	$(SAY) LINK $@
	$(Q)$(CC_host) $(FLAGS_host) $(LINK_host) -o $@ $^

limits: build/mailferry
	@build/mailferry limits

demo: build/mailferry build/tenant
	@tests/demo $(SOURCE)

bench: build/mailferry build/tenant
	@tests/bench/run

serve-run: MINUTES := 10
serve-run: build/mailferry build/tenant
	@MINUTES=$(MINUTES) tests/bench/serve_ten_minutes

clean:
	rm -rf build

# ---- tests ---------------------------------------------------------------------------------------

UNIT := $(foreach v,ubsan asan fortify,$(TESTS:%=build/$(v)/unit/test_%))
REPLAY := $(FUZZ:%=build/asan/replay/fuzz_%)

# $(1) variant
define REPLAY_RULE
build/$(1)/replay/%: build/$(1)/fuzz/%.o build/$(1)/fuzz/replay.o build/$(1)/mailferry.a \
  build/$(TLS_$(1))/third_party.a
	$$(SAY) LINK $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(FLAGS_$(1)) $$(LINK_$(1)) -o $$@ $$(call GROUP,$$^)
endef
$(foreach v,asan gcov,$(eval $(call REPLAY_RULE,$(v))))

# The XML reader against expat, MB/s.
build/xml_bench: build/release/tests/bench/xml.o \
  $(patsubst src/%.c,build/release/src/%.o,$(filter src/base/% src/codec/xml% src/codec/charset%,$(SRC)))
	$(SAY) LINK $@
	$(Q)$(CC_release) $(FLAGS_release) $(LINK_release) -o $@ $(call GROUP,$^)

# HTML to text, MB/s.
build/html_bench: build/release/tests/bench/html.o \
  $(patsubst src/%.c,build/release/src/%.o,$(filter src/base/% src/codec/html%,$(SRC)))
	$(SAY) LINK $@
	$(Q)$(CC_release) $(FLAGS_release) $(LINK_release) -o $@ $(call GROUP,$^)

# Parts of the program for scripts in tests/interop.
TOOLS := build/entra_tool build/mime_trim_tool build/cron_tool build/regex_tool build/rules_tool build/html_tool build/ldap_tool build/ntlm_tool build/http_login_tool
$(TOOLS): build/%: build/fortify/tests/tools/%.o build/fortify/mailferry.a build/fortify/third_party.a
	$(SAY) LINK $@
	$(Q)$(CC_fortify) $(FLAGS_fortify) $(LINK_fortify) -o $@ $(call GROUP,$^)

test-programs: build/mailferry build/tenant build/sim build/sim_tls build/badnet $(UNIT) $(REPLAY) $(TOOLS)

# Against other people's programs, servers and vectors alone: Samba, OpenLDAP, Elasticsearch, exchangelib ...
interop: build/mailferry build/tenant $(TOOLS)
	@sh tests/check --interop

# Whatever is broken on purpose, a test must notice: half an hour of two cores, so not part of check.
mutants: build/mailferry build/tenant build/badnet build/sim $(TESTS:%=build/asan/unit/test_%)
	@tests/mutants/run

check: test-programs
	@sh tests/check $(UNIT) $(REPLAY)

stack: build/mailferry
	@tests/stack/run

prove: $(HEADERS)
	@tests/prove/run $(T)

lint: $(HEADERS) build/src/expat.unpacked
	@tests/lint/run $(OURS) $(TLS_CONFIG) $(EXPAT_HEADERS)

format:
	@third_party/need clang-format-14:clang-format-14
	clang-format-14 -i $$(find src tests fuzz third_party -name '*.[ch]' ! -name '*_tables.c')

# For tests/lint/rules, which compares it with what there is.
list-sources:
	@echo $(SRC) $(TESTS:%=tests/unit/test_%.c) $(FUZZ:%=fuzz/fuzz_%.c) $(TENANT:%=tests/tenant/%)

repro:
	+@tests/repro

# ---- simulation ----------------------------------------------------------------------------------

# The whole product on a fake os.h (tests/sim/README.md). build/sim has a cheap TLS and signature,
# build/sim_tls the real ones with an mbedTLS of its own for the far side, build/sim_asan is build/sim
# with sanitizers.
SIM := clock.c dns.c enumerate.c far.c far_address.c far_cloud.c far_exchange.c far_request.c faults.c life.c \
  life_judge.c life_observer.c life_records.c main.c observer.c observer_end.c observer_exchange.c \
  operator.c people.c pools.c product.c \
  scenario.c second.c sim.c sim_memory.c sim_net.c sim_os.c world.c world_files.c
SIM_CHEAP := far_tls_cheap.c sim_crypto.c sim_tls.c
SIM_MODEL := $(filter-out main.c output.c server.c tls.c,$(TENANT))
SIM_OFF := src/main.c $(addprefix src/os/,os_linux.c os_file.c os_shared.c os_socket.c os_store.c seal.c seal_try.c)
SIM_TLS_OFF := $(addprefix src/net/,crypto.c tls.c tls_gcm.c tls_roots.c tls_session.c \
  tls_verify.c)
SIM_WRAP := buffers_grow bulk_fly_alone bulk_put_delete bulk_put_index idset_add loop_add
SIM_LINK := $(SIM_WRAP:%=-Wl,--wrap=%) -rdynamic

# The tenant's model in one object: the product has modules of these names, too.
# $(1) variant
define SIM_MODEL_RULE
build/$(1)/sim_model.o: $(SIM_MODEL:%.c=build/$(1)/tests/tenant/%.o)
	$(SAY) LINK $$@
	$(Q)ld -r -o $$@.new $$^
	$(Q)objcopy --wildcard --localize-symbol='graph_*' --localize-symbol='entra_*' $$@.new $$@
endef
$(foreach v,host asan fortify gcov,$(eval $(call SIM_MODEL_RULE,$(v))))

# $(1) variant
SIM_CHEAP_OBJECTS = $(patsubst src/%.c,build/$(1)/src/%.o,$(filter-out $(SIM_OFF) $(SIM_TLS_OFF),$(SRC))) \
  build/$(1)/sim_model.o $(addprefix build/$(1)/tests/sim/,$(SIM:.c=.o) $(SIM_CHEAP:.c=.o)) \
  build/$(TLS_$(1))/third_party.a

build/sim: $(call SIM_CHEAP_OBJECTS,host)
	$(SAY) LINK $@
	$(Q)$(CC_host) $(FLAGS_host) $(LINK_host) $(SIM_LINK) -o $@ $(call GROUP,$^)

build/sim_asan: $(call SIM_CHEAP_OBJECTS,asan)
	$(SAY) LINK $@
	$(Q)$(CC_asan) $(FLAGS_asan) $(LINK_asan) $(SIM_LINK) -o $@ $(call GROUP,$^)

build/gcov/sim: $(call SIM_CHEAP_OBJECTS,gcov)
	$(SAY) LINK $@
	$(Q)$(CC_gcov) $(FLAGS_gcov) $(LINK_gcov) $(SIM_LINK) -o $@ $(call GROUP,$^)

# The far side's TLS with its own mbedTLS, one object of which only these names can be seen.
SIM_FAR_NAMES := tls_init=far_real_init tls_close=far_real_close tls_session_open=far_real_open \
  tls_session_free=far_real_free tls_handshake=far_real_handshake tls_read=far_real_read \
  tls_write=far_real_write tls_say_close=far_real_say_close tls_verify_account=far_real_verify \
  mbedtls_psa_crypto_free=far_psa_free
SIM_FAR_SYSTEM := syscall=sim_far_syscall time=sim_far_time clock_gettime=sim_far_clock_gettime
SIM_REAL_OBJECTS := $(patsubst src/%.c,build/fortify/src/%.o,$(filter-out $(SIM_OFF),$(SRC))) \
  build/fortify/sim_model.o $(SIM:%.c=build/fortify/tests/sim/%.o) \
  build/fortify/tests/sim/far_tls_real.o

build/sim_far_tls.o: build/host/tests/tenant/tls.o build/host/third_party.a
	$(SAY) LINK $@
	$(Q)ld -r -o $@.new $^
	$(Q)objcopy $(SIM_FAR_NAMES:%=--redefine-sym %) $(SIM_FAR_SYSTEM:%=--redefine-sym %) $@.new
	$(Q)objcopy $(foreach n,$(SIM_FAR_NAMES),--keep-global-symbol=$(lastword $(subst =, ,$(n)))) $@.new $@

build/sim_tls: $(SIM_REAL_OBJECTS) build/fortify/third_party.a build/sim_far_tls.o
	$(SAY) LINK $@
	$(Q)$(CC_fortify) $(FLAGS_fortify) $(LINK_fortify) $(SIM_LINK) \
	  -Wl,--wrap=tls_heap_enter -Wl,--wrap=tls_heap_leave -Wl,--wrap=time \
	  -Wl,--wrap=mbedtls_ms_time -o $@ $(call GROUP,$^)

SEEDS := 1000
FIRST := 1
MINUTES := 60

sim: build/sim
	@build/sim --seeds $(SEEDS) --first $(FIRST) --jobs "$$(nproc)"

soak: build/sim
	@build/sim --minutes $(MINUTES) --first $(FIRST) --jobs "$$(nproc)"

# ---- fuzzing -------------------------------------------------------------------------------------

SECS := 60

CLANG_RT := /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a

build/clang:
	@third_party/need clang-14:clang-14 libclang-rt-14-dev:$(CLANG_RT)
	@mkdir -p build && touch $@

# build/fuzz/plain is without the mutators of fuzz/formats, for fuzz/compare.
define FUZZ_RULE
build/fuzz/$(1)/%: build/fuzz/fuzz/%.o build/fuzz/mailferry.a build/fuzz/third_party.a
	$$(SAY) LINK $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC_fuzz) $$(FLAGS_fuzz) $$(LINK_fuzz) -o $$@ $$(call GROUP,$$^)
endef
$(foreach d,bin plain,$(eval $(call FUZZ_RULE,$(d))))
$(foreach f,json xml http mime ber,$(eval $(patsubst %,build/fuzz/bin/fuzz_%,$(shell \
  sed -n 's/^$(f): //p' fuzz/formats)): build/fuzz/fuzz/mutate_$(f).o))

fuzz: $(if $(T),build/fuzz/bin/fuzz_$(T),$(FUZZ:%=build/fuzz/bin/fuzz_%))
	@fuzz/run $(SECS) $(or $(T),$(FUZZ))

build/afl++:
	@third_party/need afl++:afl-clang-fast
	@mkdir -p build && touch $@

build/afl/bin/%: build/afl/fuzz/%.o build/afl/mailferry.a build/afl/third_party.a
	$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC_afl) $(FLAGS_afl) $(LINK_afl) -o $@ $(call GROUP,$^)

afl: $(if $(T),build/afl/bin/fuzz_$(T),$(FUZZ:%=build/afl/bin/fuzz_%))
	@fuzz/run-afl $(SECS) $(or $(T),$(FUZZ))

# ---- coverage ------------------------------------------------------------------------------------

# What neither a test nor the simulation links is in the archive, and counts as not run.
COUNTED := $(TESTS:%=build/gcov/unit/test_%) $(FUZZ:%=build/gcov/replay/fuzz_%) build/gcov/sim
$(COUNTED): build/gcov/tests/coverage/exit.o
coverage: $(COUNTED) build/gcov/src/main.o
	@tests/coverage/run $(COUNTED)

# Objects know their headers.
VARIANTS := release ubsan asan fortify host fuzz afl gcov
-include $(wildcard $(foreach d,*/*.d */*/*.d */*/*/*.d,$(VARIANTS:%=build/%/$(d))))
