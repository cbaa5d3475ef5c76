uniform float pixel_ratio;
in vec3 a;
in vec3 b;
in uint edge;
#ifdef FIELD
uniform float scale;
in vec3 move_a;
in vec3 move_b;
#endif

void main() {
    vec4 colour = state(2 * int(edge));
    float width = state(2 * int(edge) + 1).r * 16.0 * pixel_ratio;
#ifdef FIELD
    segment(a + scale * move_a, b + scale * move_b, width, colour);
#else
    segment(a, b, width, colour);
#endif
}
