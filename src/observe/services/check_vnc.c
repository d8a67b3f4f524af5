/* VNC: the server's protocol version. */
#include "talk.h"

static enum service_verdict vnc_read(const struct service_talk *talk, struct text *detail)
{
    static const char shape[] = "RFB ddd.ddd\n";
    enum { LENGTH = sizeof(shape) - 1 };
    for (size_t i = 0; i < LENGTH; i++) {
        if (i >= talk->length)
            return SERVICE_MORE;
        uint8_t octet = talk->heard[i];
        bool digit = octet >= '0' && octet <= '9';
        if (shape[i] == 'd' ? !digit : octet != (uint8_t)shape[i])
            return SERVICE_WRONG;
    }
    talk_quote(detail, talk->heard, LENGTH - 1);
    return SERVICE_PROVEN;
}

const struct service_check service_check_vnc = {
    .name = "VNC",
    .source = "RFC 6143 section 7.1.1",
    .first = SPEAKER_SERVER,
    .proof = "the protocol version",
    .read = vnc_read,
};
