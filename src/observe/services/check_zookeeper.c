/* ZooKeeper: the command `srvr`, the one that is allowed unless a configuration says otherwise; a refusal is an answer.
 */
#include "talk.h"

static size_t zookeeper_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_text(&writer, "srvr");
    return written(&writer);
}

static enum service_verdict zookeeper_read(const struct service_talk *talk, struct text *detail)
{
    static const char *const answers[] = {"Zookeeper version:", "srvr is not executed",
                                          "This ZooKeeper instance is not currently serving requests"};
    enum match best = MATCH_NO;
    struct line line;
    size_t at = 0;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        enum match match = talk_begins_text(talk, 0, answers[i]);
        best = match > best ? match : best;
    }
    if (best != MATCH_YES)
        return talk_decide(best, SERVICE_MORE);
    if (!talk_line(talk, &at, &line) && !talk->over)
        return SERVICE_MORE;
    talk_quote_line(detail, talk_line_so_far(talk, 0));
    return SERVICE_PROVEN;
}

const struct service_check service_check_zookeeper = {
    .name = "ZooKeeper",
    .source = "Apache ZooKeeper administrator's guide, \"The Four Letter Words\"",
    .first = SPEAKER_CLIENT,
    .proof = "the answer to srvr",
    .say = zookeeper_say,
    .read = zookeeper_read,
};
