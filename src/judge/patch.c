/* A look at which little has changed: findings whose evidence is as it was are taken over as they stand, one look
 * older, without being judged, drafted or packed. What comes out is what judging all of it gives;
 * tests/unit/judge/test_patch.c compares the two.
 *
 * It needs an earlier block that holds a finding of each expectation and nothing else, all of them settled, and the
 * same surroundings: the listeners, the controls, and which addresses are alive. Then whatever is told of the host as a
 * whole, and of listeners that nothing explains, is as before: nothing. */
#include "judging.h"

#include <errno.h>

bool patch_applies(const struct host_case *host)
{
    const struct finding_block *earlier = host->earlier;
    return earlier && host->surroundings != 0 && earlier->strings &&
           earlier->judged.plan == host->input->plan->serial && earlier->judged.surroundings == host->surroundings;
}

/* What becomes of an earlier finding: 0: it stays; a moment: it was seen again then; or it is judged anew. */
enum { STAYS = 0, JUDGED_ANEW = -1 };

static int fate_find(struct host_case *host, const struct finding *earlier, int64_t *ret_fate)
{
    const size_t subject = earlier->expectation;
    int64_t fate = STAYS;
    if (subject_is_due(host, subject))
        fate = subject_digest(host, subject) == earlier->seen ? subject_seen_ms(host, subject) : JUDGED_ANEW;
    *ret_fate = fate;
    return fate == JUDGED_ANEW ? subject_judge(host, subject) : 0;
}

int patch_judge(struct host_case *host, struct finding_block **ret)
{
    const struct finding_block *earlier = host->earlier;
    int64_t *fates = ARENA_ARRAY(host->scratch, int64_t, earlier->count);
    if (!fates)
        return -ENOMEM;
    for (size_t i = 0; i < earlier->count; i++) {
        int r = fate_find(host, &earlier->items[i], &fates[i]);
        if (r < 0)
            return r;
    }
    struct finding_block *block = finding_block_patch(earlier, host->block->items, host->block->count);
    if (!block)
        return -ENOMEM;
    for (size_t i = 0; i < block->count; i++) {
        if (fates[i] == STAYS) /* looks at the whole host may have confirmed it since it was judged */
            block->items[i].observed_ms = finding_looked_ms(earlier, &earlier->items[i]);
        else if (fates[i] != JUDGED_ANEW)
            damping_note_repeat(&block->items[i], fates[i]);
    }
    host->subjects = block->count;
    *ret = block;
    return 0;
}
