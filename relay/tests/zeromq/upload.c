/* A client of the chunked upload with czmq. Arguments: endpoint, name, size. */
#include <czmq.h>

static const size_t CHUNK = 100000;
static const uint32_t POLYNOMIAL = 0xedb88320;

static uint32_t crc32_of(const unsigned char *data, size_t size) {
    uint32_t crc = 0xffffffff;
    for (size_t at = 0; at < size; at++) {
        crc ^= data[at];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
    }
    return ~crc;
}

static void expect(zsock_t *dealer, const char *what, const char *asked) {
    zmsg_t *answer = zmsg_recv(dealer);
    if (!answer) {
        fprintf(stderr, "no answer to %s\n", asked);
        exit(1);
    }
    char *verb = zmsg_popstr(answer), *text = zmsg_popstr(answer);
    if (!verb || strcmp(verb, what) != 0) {
        fprintf(stderr, "%s: expected %s, got %s %s\n", asked, what, verb, text ? text : "");
        exit(1);
    }
    if (text)
        printf("%s\n", text);
    free(verb);
    free(text);
    zmsg_destroy(&answer);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const char *name = argv[2];
    size_t size = strtoull(argv[3], NULL, 10);
    unsigned char *file = malloc(size);
    for (size_t at = 0; at < size; at++)
        file[at] = (unsigned char) (at % 251);
    zsock_t *dealer = zsock_new_dealer(argv[1]);
    if (!dealer || !file)
        return 1;
    zsock_set_rcvtimeo(dealer, 20000);
    zstr_sendx(dealer, "HELLO", name, NULL);
    expect(dealer, "READY", "HELLO");
    zstr_sendx(dealer, "HELLO", name, NULL);
    expect(dealer, "ERROR", "a second HELLO");
    /* All chunks at once, the last one first. */
    size_t count = (size + CHUNK - 1) / CHUNK;
    for (size_t n = count; n-- > 0;) {
        size_t offset = n * CHUNK, len = size - offset < CHUNK ? size - offset : CHUNK;
        zmsg_t *message = zmsg_new();
        zmsg_addstr(message, "CHUNK");
        zmsg_addstr(message, name);
        zmsg_addstrf(message, "%zu", offset);
        zmsg_addstrf(message, "%zu", len);
        zmsg_addstrf(message, "%08" PRIx32, crc32_of(file + offset, len));
        zmsg_addmem(message, file + offset, len);
        zmsg_send(&message, dealer);
    }
    for (size_t n = 0; n < count; n++)
        expect(dealer, "READY", "CHUNK");
    zmsg_t *message = zmsg_new();
    zmsg_addstr(message, "CLOSE");
    zmsg_addstr(message, name);
    zmsg_addstrf(message, "%zu", size);
    zmsg_send(&message, dealer);
    expect(dealer, "READY", "CLOSE");
    zsock_destroy(&dealer);
    free(file);
    return 0;
}
