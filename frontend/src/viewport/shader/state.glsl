// Per-face or per-edge state, two texels each, rows of 1024; the texture is stored bottom row first.
uniform sampler2D states;
uniform int rows;
vec4 state(int i) {
    return texelFetch(states, ivec2(i % 1024, rows - 1 - i / 1024), 0);
}
