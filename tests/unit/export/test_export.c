/* The exporters: what each form says, and that nothing of other people's words leaves its comment or string. */
#include "unit/matrix/openings.h"

#include "portconform/export.h"
#include "writing.h"

#include <ctype.h>

/* The export of the site as it stands now. */
static const char *exported(struct openings *o, const char *form)
{
    const struct exporter *exporter = exporter_find(form);
    struct export_options options = {0};
    assert_non_null(exporter);
    matrix_of(o);
    text_clear(&o->lines);
    assert_int_equal(exporter->write(&o->lines, o->matrix, &options, &o->f->diags), 0);
    return text_string(&o->lines);
}

static void has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("no\n%s\nin\n%s", words, text);
}

static void has_not(const char *text, const char *words)
{
    if (strstr(text, words) != NULL)
        fail_msg("there is\n%s\nin\n%s", words, text);
}

/* Manager and agent in two IP versions. */
static struct rule *two_hosts(struct openings *o, const char *ports)
{
    struct host *manager = add_host(o->f, "mgr01", "10.0.1.10");
    struct host *agent = add_host(o->f, "pc01", "10.0.1.51");
    add_address(o->f, manager, "2001:db8::10", NULL);
    add_address(o->f, agent, "2001:db8::51", NULL);
    add_role(o->f, manager, "manager", NULL);
    add_role(o->f, agent, "agent", NULL);
    return called_rule(o->f, "t/1", "manager", ports, "agent");
}

static void ask_for(struct openings *o, size_t host)
{
    o->options.host = &o->f->hosts[host];
    o->options.inbound = true;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static void each_exporter_is_unique_and_documented(void **state)
{
    (void)state;
    for (size_t i = 0; exporters[i] != NULL; i++) {
        assert_true(strlen(exporters[i]->summary) > 0);
        assert_non_null(exporters[i]->write);
        assert_ptr_equal(exporter_find(exporters[i]->name), exporters[i]);
    }
    assert_null(exporter_find("iptables"));
}

static void an_empty_site_gives_an_empty_but_whole_export(void **state)
{
    struct openings *o = *state;
    for (size_t i = 0; exporters[i] != NULL; i++) {
        if (!exporters[i]->needs_host)
            assert_true(strlen(exported(o, exporters[i]->name)) > 0);
    }
    assert_string_equal(exported(o, "csv"), "from,from_kind,from_addresses,to,to_kind,to_addresses,transport,ports,"
                                            "service,rules,about\r\n");
}

/* --- nftables ---------------------------------------------------------------------------------------------------- */

static void nftables_splits_by_ip_version(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 31000");
    const char *text = exported(o, "nftables");
    has(text, "\n        ip saddr 10.0.1.51 ip daddr 10.0.1.10 tcp dport 31000 counter accept comment \"g/t/1\"\n");
    has(text,
        "\n        ip6 saddr 2001:db8::51 ip6 daddr 2001:db8::10 tcp dport 31000 counter accept comment \"g/t/1\"\n");
    has(text, "hook forward priority filter; policy drop;");
    has(text, "ct state established,related accept");
    has(text, "packet-too-big");
}

static void nftables_says_ports_as_number_range_and_set(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 80, 82..85, udp 5517..5523/2");
    const char *text = exported(o, "nftables");
    has(text, " tcp dport 80 counter");
    has(text, " tcp dport 82-85 counter");
    has(text, " udp dport { 5517, 5519, 5521, 5523 } counter");
}

static void nftables_merges_addresses_of_one_end_into_a_set(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 80");
    add_address(o->f, &o->f->hosts[1], "10.0.1.52", NULL);
    has(exported(o, "nftables"), "ip saddr { 10.0.1.51, 10.0.1.52 } ip daddr 10.0.1.10 tcp dport 80 ");
}

static void nftables_makes_a_set_of_a_name(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 80");
    called_rule(o->f, "t/2", "browser", "tcp 443", "manager");
    add_external(o->f, "vendor", "browser", "updates.example.com");
    const char *text = exported(o, "nftables");
    has(text, "    set n4_updates.example.com {\n        type ipv4_addr\n    }\n");
    has(text, "ip saddr 10.0.1.10 ip daddr @n4_updates.example.com tcp dport 443 ");
    has(text, "ip6 saddr 2001:db8::10 ip6 daddr @n6_updates.example.com tcp dport 443 ");
    has(text, "nftset=/updates.example.com/4#inet#portconform#n4_updates.example.com,6#inet#portconform#n6_");
    assert_int_equal(o->f->diags.warnings, 0); /* it can be said: only filling the set is left to the user */
    assert_int_equal(o->f->diags.count, 1);
}

static void nftables_counts_the_rest_where_asked(void **state)
{
    struct openings *o = *state;
    struct export_options options = {.count_rest = true};
    matrix_of(o);
    assert_int_equal(export_nftables.write(&o->lines, o->matrix, &options, &o->f->diags), 0);
    has(text_string(&o->lines), "policy accept;");
    has(text_string(&o->lines), "counter comment \"everything else\"");
}

static void a_hosts_own_chain_asks_for_its_address_only_where_it_must(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 31000");
    add_own(o->f, &o->f->hosts[0], "site/tcp-22", "tcp 22");
    add_own(o->f, &o->f->hosts[0], "site/tcp-23", "tcp 23")->family = FAMILY_IPV4;
    ask_for(o, 0);
    const char *text = exported(o, "nftables");
    has(text, "table inet portconform_host {");
    has(text, "hook input ");
    has(text, "iifname \"lo\" accept");
    has(text, "nd-neighbor-solicit");
    has(text, "\n        ip saddr 10.0.1.51 tcp dport 31000 counter");
    has(text, "\n        ip6 saddr 2001:db8::51 tcp dport 31000 counter");
    has(text, "\n        tcp dport 22 counter");
    has(text, "\n        meta nfproto ipv4 tcp dport 23 counter");
    /* a rule of one segment is about that address alone */
    ((struct host_address *)o->f->hosts[0].addresses)[0].segment = "public";
    ((struct host_address *)o->f->hosts[0].addresses)[1].segment = "public";
    add_address(o->f, &o->f->hosts[0], "10.9.1.10", "private");
    o->f->rules[0].segment = "public";
    has(exported(o, "nftables"), "\n        ip saddr 10.0.1.51 ip daddr 10.0.1.10 tcp dport 31000 counter");
}

static void what_the_firmware_answers_is_no_rule_of_the_host(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 16992")->outside_os = true;
    has(exported(o, "nftables"), "tcp dport 16992 ");
    ask_for(o, 0);
    has_not(exported(o, "nftables"), "dport 16992");
    has(exported(o, "nftables"), "the firmware answers");
    has_not(exported(o, "windows"), "New-NetFirewallRule");
}

static void an_opening_inside_another_has_no_rule(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "tcp 31000");
    add_network(o->f, "offices", "agent", "10.0.0.0/16");
    rule->family = FAMILY_IPV4;
    static const char rule_text[] = "\n        ip saddr 10.0.1.51 ip daddr 10.0.1.10 tcp";
    const char *text = exported(o, "nftables");
    has_not(text, rule_text);
    has(text,
        "# pc01 to mgr01: g/t/1\n        #   let through by the rule for tcp 31000 from offices to mgr01 (g/t/1)\n");
    has(text, "\n        ip saddr 10.0.0.0/16 ip daddr 10.0.1.10 tcp dport 31000 ");
    has(exported(o, "cisco-acl"), " remark let through by the lines for tcp 31000 from offices to mgr01 (g/t/1)\n");
    /* the network has no IPv6: the host needs a rule of its own */
    rule->family = FAMILY_ANY;
    has(exported(o, "nftables"), rule_text);
    /* nor does a narrower range hold a wider one */
    rule->family = FAMILY_IPV4;
    called_rule(o->f, "t/2", "manager", "tcp 30000..32000", "router");
    add_role(o->f, &o->f->hosts[1], "router", NULL);
    text = exported(o, "nftables");
    has(text, "\n        ip saddr 10.0.1.51 ip daddr 10.0.1.10 tcp dport 30000-32000 ");
    has_not(text, "ip saddr 10.0.1.51 ip daddr 10.0.1.10 tcp dport 31000 ");
}

static void a_stepped_range_holds_its_own_numbers_alone(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "tcp 5001..5009/2, 5003, 5006, 5001..5009/4");
    rule->family = FAMILY_IPV4;
    const char *text = exported(o, "nftables");
    has(text, "dport { 5001, 5003, 5005, 5007, 5009 }");
    has(text, "dport 5006 ");
    has_not(text, "dport 5003 ");
    has_not(text, "dport { 5001, 5005, 5009 }");
}

static void of_two_that_hold_each_other_one_has_a_rule(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 31000")->family = FAMILY_IPV4;
    add_network(o->f, "one-address", "agent", "10.0.1.51/32");
    const char *text = exported(o, "nftables");
    const char *first = strstr(text, "tcp dport 31000");
    assert_non_null(first);
    assert_null(strstr(first + 1, "tcp dport 31000"));
}

/* --- Windows ----------------------------------------------------------------------------------------------------- */

static void windows_lists_ports_and_addresses(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "udp 5517..5521/2, tcp 80..85");
    rule->family = FAMILY_IPV4;
    ask_for(o, 0);
    const char *text = exported(o, "windows");
    has(text, "-Protocol UDP -LocalPort '5517','5519','5521' `\n    -RemoteAddress '10.0.1.51' | Out-Null\n");
    has(text, "-Protocol TCP -LocalPort '80-85' ");
    has(text, "-Name 'portconform-2'");
    has(text, "-Description 'g/t/1'");
}

static void windows_says_any_address_of_one_version(void **state)
{
    struct openings *o = *state;
    struct host *host = add_host(o->f, "mgr01", "10.0.1.10");
    add_own(o->f, host, "site/tcp-22", "tcp 22");
    ask_for(o, 0);
    has(exported(o, "windows"), "-LocalPort '22' `\n    -RemoteAddress '0.0.0.0-255.255.255.255' | Out-Null\n");
    add_address(o->f, host, "2001:db8::10", NULL);
    has(exported(o, "windows"), "-LocalPort '22' | Out-Null\n");
}

static void windows_tells_the_names_that_it_leaves_out(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "tcp 31000");
    add_peer(o->f, rule, "browser", NULL);
    add_external(o->f, "home", "browser", "home.example.com");
    ask_for(o, 0);
    const char *text = exported(o, "windows");
    has(text, "# Left out, since a rule of Windows takes no DNS name: home.example.com\n");
    assert_int_equal(o->f->diags.warnings, 1); /* once, though it has a leg in each IP version */
    has(o->f->diags.items[0].message, "tcp 31000 from home to mgr01 (g/t/1)");
}

/* --- Cisco ------------------------------------------------------------------------------------------------------- */

static void cisco_has_wildcards_ranges_and_replies(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "udp 82..85");
    add_network(o->f, "offices", "agent", "10.20.0.0/14");
    const char *text = exported(o, "cisco-acl");
    has(text, "ip access-list extended PORTCONFORM-osaka-dc\n");
    has(text, " remark udp 82..85 from offices to mgr01 (g/t/1)\n"
              " permit udp 10.20.0.0 0.3.255.255 host 10.0.1.10 range 82 85\n"
              " permit udp host 10.0.1.10 range 82 85 10.20.0.0 0.3.255.255\n");
    has(text, "ipv6 access-list PORTCONFORM-V6-osaka-dc\n");
    has(text, " permit udp host 2001:db8::51 host 2001:db8::10 range 82 85\n");
    has(text, " permit icmp any any nd-ns\n");
    has(text, " deny ip any any log\n");
    rule->family = FAMILY_IPV4;
    has_not(exported(o, "cisco-acl"), "ipv6");
}

static void cisco_has_a_line_for_each_pair_and_number(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 7001..7003/2")->family = FAMILY_IPV4;
    add_address(o->f, &o->f->hosts[1], "10.0.1.52", NULL);
    has(exported(o, "cisco-acl"), " permit tcp host 10.0.1.51 host 10.0.1.10 eq 7001\n"
                                  " permit tcp host 10.0.1.51 host 10.0.1.10 eq 7003\n"
                                  " permit tcp host 10.0.1.52 host 10.0.1.10 eq 7001\n"
                                  " permit tcp host 10.0.1.52 host 10.0.1.10 eq 7003\n");
}

static void cisco_tells_what_it_leaves_out(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "udp 20000..20200/2");
    add_peer(o->f, rule, "browser", NULL);
    add_external(o->f, "home", "browser", "home.example.com");
    const char *text = exported(o, "cisco-acl");
    has(text, " remark left out, since an access list takes no DNS name (home.example.com)\n");
    has_not(text, "20000 ");
    has(text, "too many for a line each");
    assert_int_equal(o->f->diags.warnings, 2);
}

static void every_remark_fits(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "tcp 1");
    char *id = arena_alloc(o->f->arena, 400);
    memset(id, 'x', 399);
    rule->id = id;
    const char *text = exported(o, "cisco-acl");
    for (const char *line = strstr(text, " remark "); line != NULL; line = strstr(line + 1, " remark "))
        assert_true(strcspn(line + strlen(" remark "), "\n") <= 100);
    /* nft takes 128 octets in a comment */
    text = exported(o, "nftables");
    for (const char *comment = strstr(text, "comment \""); comment != NULL; comment = strstr(comment + 1, "comment \""))
        assert_true(strcspn(comment + strlen("comment \""), "\"") < 128);
}

/* --- hostile words ----------------------------------------------------------------------------------------------- */

static const char hostile[] = "x\n\"; flush ruleset; # '$(reboot) `id` \\ \r\t?| {}\x1b[31m \xe2\x80\x99; \xff end";

static struct rule *hostile_site(struct openings *o)
{
    struct rule *rule = two_hosts(o, "tcp 31000");
    rule->about = hostile;
    rule->id = hostile;
    o->f->site.name = hostile;
    o->f->hosts[0].name = hostile;
    o->f->components[3].name = hostile;
    called_rule(o->f, "t/2", "manager", "tcp 1", "router")->id = hostile;
    return rule;
}

/* Every line begins as a line of that form does: nothing that was inside a comment begins one. */
static void each_line_begins_so(const char *text, const char *const *beginnings)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        bool known = length == 0;
        for (size_t i = 0; !known && beginnings[i] != NULL; i++)
            known = strncmp(text, beginnings[i], strlen(beginnings[i])) == 0;
        if (!known)
            fail_msg("an unexpected line: %.*s", (int)length, text);
        text += length + (text[length] != '\0');
    }
}

static void each_octet_is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        assert_true(*text == '\n' || isprint((unsigned char)*text));
}

static void hostile_words_stay_in_comments_of_nftables(void **state)
{
    struct openings *o = *state;
    static const char *const beginnings[] = {"#",
                                             "table inet portconform",
                                             "delete table inet portconform",
                                             "    chain forward {",
                                             "    }",
                                             "}",
                                             "        type filter",
                                             "        ct state",
                                             "        icmp",
                                             "        #",
                                             "        ip saddr 10.",
                                             "        ip6 saddr 2001:",
                                             "        counter comment \"everything else\"",
                                             NULL};
    hostile_site(o);
    const char *text = exported(o, "nftables");
    each_line_begins_so(text, beginnings);
    each_octet_is_printable(text);
    for (const char *rule = strstr(text, " comment \""); rule != NULL; rule = strstr(rule + 1, " comment \"")) {
        const char *inside = rule + strlen(" comment \"");
        size_t length = strcspn(inside, "\"\n");
        assert_memory_equal(inside + length, "\"\n", 2);
    }
}

static void hostile_words_stay_in_strings_of_powershell(void **state)
{
    struct openings *o = *state;
    static const char *const beginnings[] = {"#",
                                             "$ErrorActionPreference = 'Stop'",
                                             "Get-NetFirewallRule -Group 'Portconform' ",
                                             "New-NetFirewallRule -Group 'Portconform' ",
                                             "    -Description '",
                                             "    -Direction Inbound ",
                                             "    -RemoteAddress '",
                                             NULL};
    hostile_site(o);
    ask_for(o, 0);
    const char *text = exported(o, "windows");
    each_line_begins_so(text, beginnings);
    each_octet_is_printable(text);
    has(text, "''");
    /* outside comments quotation marks come in pairs */
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t marks = 0;
        for (const char *c = line; *c != '\n'; c++)
            marks += *c == '\'';
        assert_true(*line == '#' || marks % 2 == 0);
    }
}

static void hostile_words_stay_in_remarks_of_cisco(void **state)
{
    struct openings *o = *state;
    static const char *const beginnings[] = {"!",
                                             "ip access-list extended PORTCONFORM-",
                                             "ipv6 access-list PORTCONFORM-V6-",
                                             " remark ",
                                             " permit ",
                                             " deny ",
                                             NULL};
    hostile_site(o);
    const char *text = exported(o, "cisco-acl");
    each_line_begins_so(text, beginnings);
    each_octet_is_printable(text);
    assert_null(strchr(text, '?'));
    const char *name = strstr(text, "PORTCONFORM-") + strlen("PORTCONFORM-");
    for (size_t i = 0; name[i] != '\n'; i++)
        assert_true(isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-');
}

static void a_name_that_no_set_can_bear_is_told(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 80");
    called_rule(o->f, "t/2", "browser", "tcp 443", "manager");
    add_external(o->f, "vendor", "browser", "a } b { ; flush ruleset");
    has_not(exported(o, "nftables"), "flush");
    assert_true(o->f->diags.warnings > 0);
}

static void csv_quotes_and_defuses(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "tcp 31000");
    rule->about = "He said \"=1+1\", and left";
    o->f->hosts[0].name = "=cmd|' /C calc'!A0";
    o->f->hosts[1].name = "+1";
    const char *text = exported(o, "csv");
    has(text, "\r\n\"'+1\",host,10.0.1.51 2001:db8::51,\"'=cmd|' /C calc'!A0\",host,10.0.1.10 2001:db8::10,tcp,31000,,"
              "g/t/1,\"He said \"\"=1+1\"\", and left\"\r\n");
    rule->about = " \t@SUM(A1)";
    has(exported(o, "csv"), "\"' \\t@SUM(A1)\"\r\n");
    rule->about = "one\r\ntwo";
    has(exported(o, "csv"), ",one\\r\\ntwo\r\n");
}

static void html_escapes(void **state)
{
    struct openings *o = *state;
    struct rule *rule = two_hosts(o, "tcp 31000");
    rule->about = "<script>alert('\"&\"')</script>\xff";
    o->f->site.name = "</title><img src=x>";
    add_peer(o->f, rule, "browser", NULL);
    const char *text = exported(o, "html");
    has_not(text, "<script");
    has_not(text, "<img");
    has(text, "&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;\\xff");
    has(text, "<li>who plays browser of g? It calls mgr01 (g/t/1)</li>");
    has(text, "<p>1 opening.</p>");
    assert_true(text_utf8_valid(text, strlen(text), NULL));
}

/* --- the same site, the same text -------------------------------------------------------------------------------- */

static void the_order_of_files_does_not_matter(void **state)
{
    struct openings *o = *state;
    two_hosts(o, "tcp 31000");
    called_rule(o->f, "t/2", "agent", "tcp 31001, 5..6", "manager");
    add_role(o->f, add_host(o->f, "pc10", "10.0.1.60"), "agent", NULL);
    add_role(o->f, add_host(o->f, "pc9", "10.0.1.59"), "agent", NULL);
    char *once = arena_strdup(o->f->arena, exported(o, "nftables"));
    struct host host = o->f->hosts[1];
    o->f->hosts[1] = o->f->hosts[3];
    o->f->hosts[3] = host;
    struct rule rule = o->f->rules[0];
    o->f->rules[0] = o->f->rules[1];
    o->f->rules[1] = rule;
    assert_string_equal(exported(o, "nftables"), once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_exporter_is_unique_and_documented),
        MATRIX_TEST(an_empty_site_gives_an_empty_but_whole_export),
        MATRIX_TEST(nftables_splits_by_ip_version),
        MATRIX_TEST(nftables_says_ports_as_number_range_and_set),
        MATRIX_TEST(nftables_merges_addresses_of_one_end_into_a_set),
        MATRIX_TEST(nftables_makes_a_set_of_a_name),
        MATRIX_TEST(nftables_counts_the_rest_where_asked),
        MATRIX_TEST(a_hosts_own_chain_asks_for_its_address_only_where_it_must),
        MATRIX_TEST(what_the_firmware_answers_is_no_rule_of_the_host),
        MATRIX_TEST(an_opening_inside_another_has_no_rule),
        MATRIX_TEST(a_stepped_range_holds_its_own_numbers_alone),
        MATRIX_TEST(of_two_that_hold_each_other_one_has_a_rule),
        MATRIX_TEST(windows_lists_ports_and_addresses),
        MATRIX_TEST(windows_says_any_address_of_one_version),
        MATRIX_TEST(windows_tells_the_names_that_it_leaves_out),
        MATRIX_TEST(cisco_has_wildcards_ranges_and_replies),
        MATRIX_TEST(cisco_has_a_line_for_each_pair_and_number),
        MATRIX_TEST(cisco_tells_what_it_leaves_out),
        MATRIX_TEST(every_remark_fits),
        MATRIX_TEST(hostile_words_stay_in_comments_of_nftables),
        MATRIX_TEST(hostile_words_stay_in_strings_of_powershell),
        MATRIX_TEST(hostile_words_stay_in_remarks_of_cisco),
        MATRIX_TEST(a_name_that_no_set_can_bear_is_told),
        MATRIX_TEST(csv_quotes_and_defuses),
        MATRIX_TEST(html_escapes),
        MATRIX_TEST(the_order_of_files_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
